import Foundation
import Messaging
import Testing

@testable import MessagingHub

/// The hub and the schema for editors refuse the same texts, but for what a schema cannot say, which the page says.
@Suite struct SchemaVerdictTests {
    private let validator: SchemaValidator

    init() throws { validator = try SchemaValidator(HubConfiguration.schema(profiles: Loading.profiles)) }

    private static func broker(_ lines: String) -> String {
        "brokers: {main: {\(lines)}}\nroutes: {a: {topic: a, broker: main, kind: pubsub}}\n"
    }

    private static func route(_ lines: String, kind: String = "queue") -> String {
        "brokers: {main: {type: inmemory}, spare: {type: inmemory}}\n"
            + "routes: {a: {topic: a, broker: main, kind: \(kind), \(lines)}}\n"
    }

    private static func bridge(_ lines: String) -> String {
        """
        brokers: {main: {type: inmemory}}
        routes: {a: {topic: a, broker: main, kind: pubsub}, b: {topic: b, broker: main, kind: queue}}
        subscriptions: {it: \(lines)}

        """
    }

    private static let taken: [String] =
        [
            "port: 1", "port: 65535", "port: '05_672'", "port: '+5672'", "port: '65535'", "heartbeat: 1s",
            "heartbeat: 10m", "heartbeat: 1000ms", "heartbeat: '0600s'", "heartbeat: 5m30s", "prefetch: 10_000",
            "url: 'amqp://'", "url: 'AMQPS://h:5671'", "url: 'amqp://u:p%2F@h/v?prefetch=5&heartbeat=5s'",
            "url: 'amqp://u@w:p@h/?virtual-host=@'", "url: 'amqp://[::1]:5672/v%23'", "username: 42", "username: 0x10",
        ].map { broker("type: rabbitmq, \($0)") }
        + [
            "url: 'memory://'", "url: 'amqp://h'", "type: inmemory, max-bytes: 1GiB",
            "type: inmemory, max-bytes: 5000000",
        ]
        .map(broker)
        + [
            "concurrency: 10000", "concurrency: '10_000'", "timeout: 30m", "timeout: 1ms", "max-bytes: 2kB",
            "max-bytes: 1024", "max-bytes: 1024B", "max-bytes: 1024TiB", "dead-letter: none", "dead-letter: {}",
            "dead-letter: {topic: a.dead}", "fallback: {broker: spare, diverts-durable: true}",
            "fallback: {broker: 'memory://', diverts-durable: true}", "retry: {jitter: 0.5}", "retry: {jitter: '.5'}",
            "retry: {jitter: 1}", "retry: {jitter: 5e-1}", "retry: {by-type: {x: }}", "deduplicate: {}",
            "deduplicate: 1h",
        ].map { route($0) }
        + [
            "groups: {g: }", "groups: {g: {start: 0}}", "groups: {g: {start: 1042-7}}", "retention: 1s",
            "groups: {g: {start: '2026-11-21T15:04:05.5+01:00'}}", "groups: {g: {start: 'position:x-y'}}",
            "groups: {g: {filter: {headers: {n: 1}}}}", "groups: {g: {filter: {match: any, headers: {n: 1}}}}",
        ].map { route($0, kind: "stream") }
        + [
            "{topic: a, to: b}", "{topic: a, command: [cat]}", "{topic: a, command: cat, concurrency: 1}",
            "{topic: a, to: b, filter: {x: 1}}",
        ].map(bridge)
        + ["routes: {a: {topic: a, broker: 'memory://', kind: queue}}\n", "version: 1\n\(route("order: key"))"]

    private static let refused: [String] =
        [
            "port: 0", "port: 65536", "port: '0'", "port: '65536'", "port: '-1'", "port: '_1'", "port: '1_'",
            "port: '+_1'", "port: '0x1'", "port: '1e3'", "heartbeat: 999ms", "heartbeat: 0s", "heartbeat: 601s",
            "heartbeat: 11m", "heartbeat: 1h", "heartbeat: 5", "heartbeat: '5'", "heartbeat: 5 s", "heartbeat: s",
            "prefetch: 1e9", "prefetch: 0.5", "url: 5", "url: amqp", "url: '//h'", "url: 'redis://h'",
            "url: 'amq://h'", "url: 'amqp://h#x'", "url: 'amqp://h/%zz'", "url: 'amqp://h?a'", "url: 'amqp://h/v@w'",
            "url: 'amqp://h?host=@'", "url: 'amqp://a b'", "url: ", "url: [a]", "tls: 1", "username: [a]",
        ].map { broker("type: rabbitmq, \($0)") }
        + ["url: 'carrier://h'", "url: 'http://h'", "", "type: inmemory, max-bytes: 0"].map(broker)
        + [
            "brokers: {'a://b': {type: inmemory}}\n\(route("order: key").split(separator: "\n")[1])\n",
            "brokers: {main: }\nroutes: {a: {topic: a, broker: main, kind: queue}}\n",
            "brokers: {main: {type: inmemory}}\nroutes: {a: }\n",
            "brokers: {main: {type: inmemory}}\nroutes: {'': {topic: a, broker: main, kind: queue}}\n",
            "routes: {a: {topic: a, broker: 'carrier://', kind: queue}}\n",
            "version: 2\n\(route("order: key"))", "version: '2'\n\(route("order: key"))",
        ]
        + [
            "concurrency: 0", "concurrency: 10001", "concurrency: '10001'", "concurrency: '0'", "timeout: 0ms",
            "timeout: 366d", "timeout: 999us", "timeout: -1s", "timeout: 1.5s", "max-bytes: 1023",
            "max-bytes: 1023B", "max-bytes: 1025TiB", "max-bytes: 1XB", "max-bytes: '-1'", "max-bytes: 1MB1kB",
            "dead-letter: {topic: x, broker: y}", "dead-letter: ", "dead-letter: [x]", "fallback: {}", "fallback: ",
            "fallback: {diverts-durable: true}", "fallback: ''", "retry: {jitter: 1.5}", "retry: {jitter: -0.1}",
            "retry: {jitter: '0x1p-3'}", "retry: {jitter: 0x1p-3}", "retry: {jitter: .nan}", "retry: {jitter: .inf}",
            "retry: {attempts: 0}", "retry: {attempts: '0'}", "retry: {delay: 0.5s}", "deduplicate: ",
            "deduplicate: 0s", "concurrency: 0x1p3", "concurrency: 1.5", "durable: 1", "durable: 'yes'",
        ].map { route($0) }
        + [
            "groups: {g: {filter: {}}}", "groups: {g: {filter: {headers: {}}}}", "groups: {g: {filter: {match: any}}}",
            "groups: {g: {filter: {headers: {x: }}}}", "groups: {g: {start: -5}}", "groups: {g: {start: 1.5}}",
            "groups: {g: {start: '007'}}", "groups: {g: {start: 1042-0}}", "groups: {g: {start: 2026-13-01T00:00:00Z}}",
            "groups: {g: {start: 2026-11-21T24:00:00Z}}", "groups: {g: {start: 2026-11-21T00:00:00}}",
            "groups: {g: {start: 2026-11-21}}", "groups: {g: {start: 'position:'}}", "retention: 0s",
        ].map { route($0, kind: "stream") }
        + [
            "", "{topic: a}", "{topic: a, to: b, command: cat}", "{to: b}", "{topic: a, to: b, filter: {}}",
            "{topic: a, to: b, filter: {x: }}", "{topic: a, to: b, filter: }", "{topic: a, to: b, filter: x}",
            "{topic: a, to: b, concurrency: '0'}", "{topic: a, to: }",
        ].map(bridge)
        + [
            "\(route("order: key"))log: {by-type: {x: }}\n",
            "\(route("order: key"))log: {by-type: {x: {level: loud}}}\n",
        ]

    @Test("What the hub takes the schema takes", arguments: taken)
    func good(_ text: String) {
        #expect(Loading.problems(text).isEmpty, "\(Loading.problems(text))\n\(text)")
        #expect(validator.problems(yaml: text).isEmpty, "\(validator.problems(yaml: text))\n\(text)")
    }

    @Test("What the hub refuses the schema refuses", arguments: refused)
    func bad(_ text: String) {
        #expect(!Loading.problems(text).isEmpty, "\(text)")
        #expect(!validator.problems(yaml: text).isEmpty, "\(text)")
    }

    @Test(
        "What the hub refuses and a schema cannot say, the page says",
        arguments: [
            ("`0x10` and `0o17`", route("concurrency: 0x10")), ("`0x10` and `0o17`", route("concurrency: 0o17")),
            ("`1e3` and `5.0`", route("concurrency: 1e3")), ("`1e3` and `5.0`", route("concurrency: 5.0")),
            ("`True` and `TRUE`", route("durable: True")), ("`True` and `TRUE`", route("durable: FALSE")),
            ("a sum of durations", route("timeout: 364d48h")),
            ("a decimal number in quotation marks", route("retry: {jitter: '1.5'}")),
            ("a day that its month does not have", route("groups: {g: {start: 2026-02-30T00:00:00Z}}", kind: "stream")),
            ("the options in a URL", broker("url: 'amqp://h?prefetch=0'")),
            ("the options in a URL", broker("url: 'amqp://h?prefetch=5', prefetch: 5")),
            ("the grammar of topics and patterns", route("bindings: ['a b']")),
            ("names that nothing has", route("fallback: nobody")),
            ("names that nothing has", bridge("{topic: a, to: c}")),
            ("no `brokers`", "routes: {a: {topic: a, broker: main, kind: queue}}\n"),
            ("one value that contradicts another", route("retry: {delay: 1h, max-delay: 1s}")),
            (
                "what a broker cannot do",
                route("max-priority: 5", kind: "stream").replacing("{type: inmemory}", with: "{type: kafka}")
            ),
        ])
    func unsaid(_ what: String, _ text: String) throws {
        #expect(!Loading.problems(text).isEmpty, "\(text)")
        #expect(validator.problems(yaml: text).isEmpty, "\(validator.problems(yaml: text))\n\(text)")
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/command-line.md")
        #expect(try String(contentsOf: page, encoding: .utf8).contains(what), "\(what)")
    }

    @Test("The pattern of an option fits the texts that it reads, around both ends of its range")
    func patterns() throws {
        var (fit, other) = (0, 0)
        for key in HubConfiguration.keys(profiles: Loading.profiles) {
            guard let option = key.option, let pattern = option.pattern else { continue }
            let numbers: [String]
            switch option.form {
            case .integer:
                let ends = [option.bounds?.least, option.bounds?.greatest].compactMap { $0.flatMap { Int64($0) } }
                numbers = (ends + [0, 7, 42, 999, 1_000_000]).flatMap { [$0 - 1, $0, $0 + 1] }.map(String.init)
            case .duration, .size:
                let counts: [Int64] = [
                    0, 1, 2, 9, 10, 59, 60, 61, 99, 100, 101, 999, 1000, 1001, 1023, 1024, 1025, 86_400,
                ]
                numbers = counts.flatMap { count in option.form.ownUnits.map { "\(count)\($0)" } }
            default: continue
            }
            for text in numbers + numbers.map({ "00" + $0 }) + ["", "x", "-0", "+0", "+7", "-", "1_000", "_1"] {
                let isFit = text.range(of: pattern, options: .regularExpression) != nil
                #expect(isFit == (option.read(text) != nil), "\(key.name) \(text) \(pattern)")
                if isFit { fit += 1 } else { other += 1 }
            }
        }
        #expect(fit > 1000 && other > 1000)
    }
}
