import Foundation
import KafkaBroker
import Messaging
import NATSBroker
import RabbitMQBroker
import RedisBroker
import Testing

@testable import MessagingHub

/// `docker-compose.messaging.yml` as the YAML reader sees it; `scripts/check-compose` asks the program that runs it.
@Suite struct ComposeFileTests {
    private struct Service {
        let name: String
        let node: YAMLNode

        func texts(_ key: String) -> [String] {
            if case .sequence(let items)? = node[key]?.content { items.compactMap(\.scalar?.text) } else { [] }
        }

        var image: String { node["image"]?.scalar?.text ?? "" }
        var dependencies: [String] { node["depends_on"]?.entries?.map(\.key) ?? [] }
        var environment: [String: String] {
            Dictionary(
                uniqueKeysWithValues: (node["environment"]?.entries ?? []).map { ($0.key, $0.value.scalar?.text ?? "") }
            )
        }
        /// The ports of this machine, each with that of the container.
        var ports: [String] { texts("ports").map { $0.split(separator: ":").suffix(2).joined(separator: ":") } }
    }

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardized
    private let file: YAMLNode
    private let services: [String: Service]

    init() throws {
        let bytes = Array(try Data(contentsOf: Self.root.appending(path: "docker-compose.messaging.yml")))
        let composed = YAMLComposer.compose(bytes, environment: [:])
        try #require(composed.problems.isEmpty)
        file = try #require(composed.root)
        services = Dictionary(
            uniqueKeysWithValues: (file["services"]?.entries ?? []).map {
                ($0.key, Service(name: $0.key, node: $0.value))
            }
        )
    }

    private func started(by profile: String) -> Set<String> {
        Set(services.values.filter { $0.texts("profiles").contains(profile) }.map(\.name))
    }

    private func ports(_ service: String) -> [String]? { services[service]?.ports }

    @Test("S3-70 The profile messaging starts RabbitMQ, Zookeeper, Kafka and Schema Registry")
    func messaging() {
        #expect(started(by: "messaging") == ["rabbitmq", "zookeeper", "kafka", "schema-registry"])
    }

    @Test("S3-71 The profile messaging-ui starts Kafka UI with everything that it depends on, by itself")
    func interface() {
        #expect(started(by: "messaging-ui") == ["kafka-ui", "kafka", "zookeeper", "schema-registry"])
    }

    @Test("S3-72 The profile full starts everything: Redis, and NATS with JetStream, too")
    func full() {
        #expect(started(by: "full") == Set(services.keys))
        #expect(services.count == 7)
        #expect(services["nats"]?.texts("command").contains("--jetstream") == true)
        #expect(services["redis"]?.texts("command").contains("--appendonly") == true)
    }

    @Test("Each profile has whatever its services depend on", arguments: ["messaging", "messaging-ui", "full"])
    func closed(_ profile: String) {
        let started = started(by: profile)
        for name in started { #expect(started.isSuperset(of: services[name]?.dependencies ?? [])) }
    }

    @Test("S3-73 RabbitMQ is at 5672, its management at 15672")
    func rabbitMQ() { #expect(ports("rabbitmq") == ["5672:5672", "15672:15672"]) }

    @Test("S3-74 Zookeeper is at 2181, Kafka at 9092")
    func kafka() {
        #expect(ports("zookeeper") == ["2181:2181"])
        #expect(ports("kafka") == ["9092:9092"])
    }

    @Test("S3-75 Schema Registry is at 8081, Kafka UI at 8080")
    func pages() {
        #expect(ports("schema-registry") == ["8081:8081"])
        #expect(ports("kafka-ui") == ["8080:8080"])
    }

    @Test("Every image has a version, every service a health check, and every volume a name")
    func habits() {
        let volumes = Set(file["volumes"]?.entries?.map(\.key) ?? [])
        for service in services.values {
            let tag = service.image.split(separator: ":").dropFirst().first ?? ""
            #expect(tag.contains { $0.isNumber } && !tag.contains("latest"), "\(service.image)")
            #expect(service.node["healthcheck"]?["test"] != nil, "\(service.name)")
            for volume in service.texts("volumes") {
                #expect(volumes.contains(volume.split(separator: ":").first.map(String.init) ?? ""), "\(volume)")
            }
            for port in service.texts("ports") { #expect(port.hasPrefix("127.0.0.1:"), "\(port)") }
        }
        #expect(volumes.count == 6)
    }

    @Test("hybrid.yaml and production.yaml find these services unchanged")
    func configurations() throws {
        func load(_ name: String) throws -> [BrokerName: BrokerConfiguration] {
            let path = Self.root.appending(path: "configs/\(name)").path
            return try HubConfiguration.load(path: path, environment: [:], profiles: Loading.profiles).brokers
        }
        for name in ["hybrid.yaml", "production.yaml", "messaging.yaml"] {
            let brokers = try load(name)
            let tasks = RabbitMQConfiguration(try #require(brokers["tasks"]).options)
            let environment = try #require(services["rabbitmq"]?.environment)
            #expect(tasks.username == environment["RABBITMQ_DEFAULT_USER"])
            #expect(tasks.password == environment["RABBITMQ_DEFAULT_PASS"])
            #expect(tasks.endpoints == ["localhost:5672"])
            let kafka = try #require(services["kafka"]?.environment["KAFKA_ADVERTISED_LISTENERS"])
            let events = KafkaConfiguration(try #require(brokers["events"]).options)
            #expect(events.brokers.allSatisfy { kafka.hasSuffix("OUTSIDE://\($0)") })
        }
        let production = try load("production.yaml")
        let redis = RedisConfiguration(try #require(production["live"]).options)
        #expect(ports("redis") == ["\(redis.port):6379"] && redis.host == "localhost")
        let nats = NATSConfiguration(try #require(production["commands"]).options)
        #expect(nats.servers == ["localhost:4222"] && ports("nats")?.first == "4222:4222")
    }

    @Test(".env.example has the defaults of the file, and names no variable that it does not read")
    func environment() throws {
        let text = try String(
            contentsOf: Self.root.appending(path: "docker-compose.messaging.yml"), encoding: .utf8)
        let example = try String(contentsOf: Self.root.appending(path: ".env.example"), encoding: .utf8)
        let lines = example.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == 4)
        for line in lines {
            let parts = line.split(separator: "=", maxSplits: 1)
            #expect(text.contains("${\(parts[0]):-\(parts[1])}"), "\(line)")
        }
    }
}
