import Foundation
import Messaging
import Testing

@testable import MessagingHub

@Suite struct ConfigurationSchemaTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../configs").standardized
    private static let shipped =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }) ?? []

    private let validator: SchemaValidator

    init() throws { validator = try SchemaValidator(HubConfiguration.schema(profiles: Loading.profiles)) }

    private func problems(_ broker: String, _ route: String = "") -> [String] {
        validator.problems(
            yaml: """
                brokers: {main: {\(broker)}}
                routes: {a: {topic: a, broker: main, kind: queue\(route.isEmpty ? "" : ", ")\(route)}}
                """)
    }

    @Test("Every shipped configuration satisfies the schema that its first line names", arguments: shipped)
    func configurations(_ name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        #expect(text.hasPrefix("# yaml-language-server: $schema=messaging.schema.json\n"))
        #expect(validator.problems(yaml: text).isEmpty, "\(validator.problems(yaml: text))")
        let file = try String(contentsOf: Self.folder.appending(path: "messaging.schema.json"), encoding: .utf8)
        #expect(file == HubConfiguration.schema(profiles: Loading.profiles), "hub describe --schema writes it anew")
    }

    @Test("What the examples of problems say of keys, kinds of values and types of broker, the schema refuses too")
    func fixture() {
        var refused = 0
        for example in ConfigurationProblemsTests.examples {
            let isForm = example.problems.contains { problem in
                [
                    "is not known here", "is a list; give", "is a mapping; give", "is not a type of broker",
                    "has no value",
                ]
                .contains { problem.contains($0) } && !problem.contains("${")
            }
            if !isForm { continue }
            refused += 1
            #expect(!validator.problems(yaml: example.text).isEmpty, "\(example.text)")
        }
        #expect(refused >= 16)
    }

    @Test(
        "Variables, quoted numbers, sizes, durations, lists and shorthands are what they may be",
        arguments: [
            ("type: rabbitmq, port: '${PORT:-5672}', publisher-confirm: '${C}', heartbeat: '${H:?why}'", ""),
            ("type: rabbitmq, port: '5672', username: 42, tls: 'true'", ""),
            ("type: inmemory, max-messages: 10_000", ""),
            ("type: inmemory, max-bytes: 100", ""), ("type: inmemory, max-bytes: 64MiB", "concurrency: '${N}'"),
            ("type: kafka, brokers: [a, 'b:1']", ""), ("type: kafka, brokers: 'a,b'", ""),
            ("url: 'amqps://h', prefetch: 1", ""), ("url: '${BUS}', prefetch: 1", ""), ("type: '${T}', lease: 1s", ""),
            ("type: rabbitmq, url: '${BUS}', prefetch: 1", ""),
            ("type: inmemory", "deduplicate: 10m"), ("type: inmemory", "deduplicate: {window: 1h30m, renew: false}"),
            ("type: inmemory", "fallback: 'memory://'"), ("type: inmemory", "dead-letter: none"),
            ("type: inmemory", "retry: {jitter: 0.5, delay: '${D}', by-type: {x: {attempts: 1}}}"),
            ("type: inmemory", "groups: {a: , b: {start: 1042}, c: {start: 2026-11-21T00:00:00Z}}"),
            ("type: inmemory", "groups: {a: {filter: {headers: {n: 1, t: true, s: x}}}}"),
        ])
    func good(_ broker: String, _ route: String) {
        let found = problems(broker, route)
        #expect(found.isEmpty, "\(found)")
    }

    @Test(
        "Keys of other types, values out of range, other words and other units are refused",
        arguments: [
            ("type: kafka, prefetch: 1", ""), ("url: 'kafka://h', prefetch: 1", ""), ("type: carrier", ""),
            ("prefetch: 1", ""), ("type: rabbitmq, port: 70000", ""), ("type: rabbitmq, port: '${PORT'", ""),
            ("type: rabbitmq, heartbeat: 10", ""), ("type: rabbitmq, heartbeat: 10 s", ""),
            ("type: rabbitmq, tls: perhaps", ""), ("type: inmemory, max-bytes: 1XB", ""),
            ("type: inmemory", "order: maybe"), ("type: inmemory", "retry: 5"), ("type: inmemory", "retry: "),
            ("type: inmemory", "retry: {jitter: 1.5}"), ("type: inmemory", "concurency: 1"),
            ("type: inmemory", "deduplicate: soon"), ("type: inmemory", "fallback: [a]"),
            ("type: inmemory", "fallback: {brocker: a}"), ("type: inmemory", "groups: {a: {start: never}}"),
            ("type: inmemory", "retry: {by-type: {x: {atempts: 1}}}"),
        ])
    func bad(_ broker: String, _ route: String) { #expect(!problems(broker, route).isEmpty) }

    @Test("A route without a topic, broker or kind is refused, and a file without routes")
    func required() {
        #expect(!validator.problems(yaml: "brokers: {a: {type: inmemory}}").isEmpty)
        for key in ["topic: a", "broker: a", "kind: queue"] {
            let route = "topic: a, broker: a, kind: queue".replacing(key, with: "style: amqp")
            #expect(validator.problems(yaml: "routes: {a: {\(route)}}").count == 1, "\(key)")
        }
    }
}
