import EmbeddedBroker
import InMemoryBroker
import KafkaBroker
import Messaging
import NATSBroker
import RabbitMQBroker
import RedisBroker

@testable import MessagingHub

/// Loads configurations for every type of broker.
enum Loading {
    static let profiles: [BrokerProfile] = [.inMemory, .embedded, .rabbitMQ, .kafka, .redis, .nats]

    static func load(_ text: String, _ environment: [String: String] = [:]) throws -> HubConfiguration {
        try HubConfiguration.load(text: text, file: "hub.yaml", environment: environment, profiles: profiles)
    }

    /// What is wrong in a text, a line each; empty when nothing is.
    static func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
        problems(Array(text.utf8), environment)
    }

    static func problems(_ bytes: [UInt8], _ environment: [String: String] = [:]) -> [String] {
        do throws(ConfigurationError) {
            _ = try HubConfiguration.load(bytes: bytes, file: "hub.yaml", environment: environment, profiles: profiles)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    /// A configuration with one in-memory broker `main` and one route `orders`, which has these further lines.
    static func route(_ lines: String..., type: String = "inmemory", kind: String = "queue") -> String {
        let head = ["brokers:", "  main:", "    type: \(type)", "routes:", "  orders:", "    topic: orders"]
        return (head + ["    broker: main", "    kind: \(kind)"] + lines.map { "    \($0)" }).joined(separator: "\n")
            + "\n"
    }
}
