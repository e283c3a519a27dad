import Foundation
import Messaging
import Testing

@testable import hub

@Suite struct BrokersCommandTests {
    @Test("The tables have every type of broker, every kind, and every operation that some type offers")
    func tables() async {
        let console = RecordingConsole()
        #expect(await console.run("brokers") == .success)
        let lines = console.output.split(separator: "\n")
        for kind in DestinationKind.allCases {
            #expect(lines.contains { $0.hasPrefix(kind.rawValue) && $0.contains("inmemory") && $0.contains("nats") })
        }
        for operation in BrokerCapabilities.Operation.allCases {
            #expect(lines.contains { $0.hasPrefix(operation.words) }, "\(operation)")
        }
        #expect(!console.output.contains("\u{1B}"))
        let absent = "kafka is not in this build (to come with trait Kafka, package librdkafka-dev)"
        #expect(console.output.contains(absent))
    }

    @Test("One type is told with costs, reasons, limits and options", arguments: Backends.profiles.map(\.type.name))
    func details(_ type: String) async throws {
        let console = RecordingConsole()
        #expect(await console.run("brokers", type) == .success)
        let profile = try #require(Backends.profiles.first { $0.type.name == type })
        for option in profile.options.descriptions { #expect(console.output.contains("  \(option.name)")) }
        for (_, operations) in profile.capabilities.operations {
            for case .emulated(let cost) in operations.values { #expect(console.words.contains(cost)) }
        }
    }

    @Test("Every type says for each kind whether it serves it, and every text is plain")
    func honesty() {
        for profile in Backends.profiles {
            for kind in DestinationKind.allCases { #expect(profile.capabilities.can(.serve, on: kind)) }
            for option in profile.options.descriptions {
                #expect(!option.meaning.isEmpty && !option.meaning.hasSuffix("."))
                #expect(option.name == option.name.lowercased() && !option.name.contains("_"))
                #expect(option.isSecret || option.defaultText.isEmpty || option.read(option.defaultText) != nil)
            }
            #expect(Set(profile.options.descriptions.map(\.name)).count == profile.options.descriptions.count)
        }
    }

    @Test("Secrets are marked: whatever is a password or a token")
    func secrets() {
        for option in Backends.profiles.flatMap(\.options.descriptions) {
            #expect(option.isSecret == (option.name.contains("password") || option.name.contains("token")))
        }
    }

    @Test("An unknown type is met with the nearest one, status 2")
    func unknown() async {
        let console = RecordingConsole()
        #expect(await console.run("brokers", "kakfa") == .usage)
        #expect(console.errors == ["hub brokers: \"kakfa\" is not a type of broker; did you mean kafka?"])
    }

    @Test("--fidelity prints what each type cannot carry of the others' messages, within 80 characters")
    func fidelity() async throws {
        let console = RecordingConsole()
        #expect(await console.run("brokers", "--fidelity") == .success)
        let lines = console.output.split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.first?.split(separator: " ").suffix(6).map(String.init) == Backends.profiles.map(\.type.name))
        let memory = try #require(lines.first { $0.hasPrefix("inmemory") }).split(separator: " ")
        #expect(memory.dropFirst().map(String.init) == ["-", "all", "k", "bp", "all", "bhlp"])
        // Every letter of the table is explained, and nothing else is.
        let letters = Set(
            lines.dropFirst().prefix(6).flatMap { $0.split(separator: " ").dropFirst() }
                .filter { $0 != "all" && $0 != "-" }.joined())
        #expect(letters == Set(lines.filter { $0.dropFirst().hasPrefix("  ") }.compactMap(\.first)))
    }

    @Test("--json gives one object with capabilities and options")
    func json() async throws {
        let console = RecordingConsole()
        #expect(await console.run("brokers", "--json") == .success)
        let object = try JSONSerialization.jsonObject(with: Data(console.output.utf8)) as? [String: Any]
        let brokers = try #require(object?["brokers"] as? [[String: Any]])
        #expect(brokers.count == Backends.profiles.count)
        let kafka = try #require(brokers.first { $0["type"] as? String == "kafka" })
        let queue = try #require((kafka["capabilities"] as? [String: Any])?["queue"] as? [String: [String: String]])
        #expect(queue["priority"]?["support"] == "refused")
        #expect(queue["order"]?["support"] == "native")
    }
}
