import EmbeddedBroker
import Foundation
import KafkaBroker
import Messaging
import MessagingReliability
import MessagingTesting
import NATSBroker
import RabbitMQBroker
import RedisBroker
import Testing

@testable import MessagingHub

@Suite struct ShippedConfigurationTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../configs").standardized

    private static let scenarios = [
        "development.yaml", "fallback.yaml", "hybrid.yaml", "messaging.yaml", "production.yaml", "test.yaml",
    ]

    private func load(_ name: String, _ environment: [String: String] = [:]) throws -> HubConfiguration {
        let path = Self.folder.appending(path: name).path
        return try HubConfiguration.load(path: path, environment: environment, profiles: Loading.profiles)
    }

    @Test("Every file in configs loads with an empty environment")
    func all() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".yaml")
        }
        #expect(Set(names).isSuperset(of: Self.scenarios))
        for name in names { #expect(try !load(name).routes.isEmpty) }
    }

    @Test("development.yaml and test.yaml need nothing but memory", arguments: ["development.yaml", "test.yaml"])
    func memory(_ name: String) throws {
        #expect(try load(name).brokers.values.allSatisfy { $0.type == .inMemory })
    }

    @Test("test.yaml uses what a route can be told")
    func test() throws {
        let configuration = try load("test.yaml")
        let orders = try #require(configuration.routes["orders"])
        #expect(orders.kind == .queue)
        #expect(orders.maximumPriority == 10)
        #expect(orders.timeout == .seconds(2))
        #expect(orders.window == 32)
        #expect(orders.publishDeadline == .seconds(5))
        #expect(orders.publishRetry.attempts == 2)
        #expect(orders.retry.backoff == .constant)
        let payments = try #require(configuration.routes["payments"])
        #expect(payments.pattern.style == .nats)
        #expect(payments.order == .perKey)
        #expect(payments.groups["ledger"] == .init(start: .earliest))
        let filter = HeaderFilter(.any, ["severity": "high", "country": "NZ"])
        #expect(payments.groups["alerts"] == .init(start: .latest, filter: filter))
        #expect(payments.retry == orders.retry)
        #expect(payments.retryByType["payment.refunded"]?.attempts == 5)
        #expect(payments.retryByType["payment.refunded"]?.delay == .milliseconds(10))
        #expect(configuration.grace == .seconds(2))
        #expect(configuration.log == LogConfiguration(level: .debug, format: .json))
        #expect(try #require(configuration.brokers["main"]).options.names.count == 2)
    }

    @Test("messaging.yaml has tasks on RabbitMQ and events on Kafka, by the variables of the environment")
    func production() throws {
        let configuration = try load("messaging.yaml", ["RABBITMQ_HOST": "rabbit", "KAFKA_BROKER": "one:9092"])
        #expect(configuration.brokers["tasks"]?.type == .rabbitMQ)
        #expect(configuration.brokers["events"]?.type == .kafka)
        #expect(configuration.routes["llm"]?.maximumPriority == 10)
        #expect(configuration.routes["llm"]?.retry == configuration.routes["tasks"]?.retry)
        #expect(configuration.routes["audit"]?.retention == .seconds(720 * 3600))
        #expect(configuration.routes["tasks"]?.deadLetter == .topic("helixagent.dlq"))
        #expect(configuration.routes["dead-letters"]?.deadLetter == DeadLetterRoute.none)
    }

    @Test("messaging.yaml runs in memory as it is, with the limits of its brokers")
    func production() async throws {
        try await withTestHub(try load("messaging.yaml")) { test in
            try await test.hub.subscribe(to: "helixagent.tasks.background") { _ in throw CancellationError() }
            try await test.publish(Message("task"), to: "helixagent.tasks.background")
            try await test.advance(by: .seconds(180))
            let record = test.topic("helixagent.tasks.background")
            #expect(record.runs.map(\.time) == [0, 60, 120, 180].map { Duration.seconds($0) })
            try record.requireDeadLettered(1, as: .exhausted)
            try test.topic("helixagent.dlq").requirePublished(1)
            let tasks = try #require(test.hub.broker("tasks"))
            #expect(tasks.limits.maximumHeaderNameBytes == BrokerProfile.rabbitMQ.limits.maximumHeaderNameBytes)
            let name = String(repeating: "n", count: tasks.limits.maximumHeaderNameBytes + 1)
            var message = Message("task")
            message.headers.append(HeaderName(name), "value")
            await #expect(throws: PublishFailure.self) {
                try await test.publish(message, to: "helixagent.tasks.background")
            }
        }
    }

    @Test("hybrid.yaml has tasks on RabbitMQ, events on Kafka, and memory where what is late is worth little")
    func hybrid() throws {
        let configuration = try load("hybrid.yaml")
        let types = configuration.brokers.mapValues(\.type)
        #expect(types == ["tasks": .rabbitMQ, "events": .kafka, "memory": .inMemory])
        let routes = configuration.routes
        let topics = ["background", "llm", "debate", "verification", "notifications"].map { "helixagent.tasks.\($0)" }
        let table = try RouteTable(routes)
        for topic in topics { #expect(table.route(of: Topic(stringLiteral: topic))?.configuration.broker == "tasks") }
        #expect(table.route(of: "helixagent.events.llm.responses")?.configuration.broker == "events")
        #expect(table.route(of: "helixagent.stream.tokens")?.configuration.kind == .pubSub)
        #expect(routes["notifications"]?.fallback?.broker == "memory" && routes["tokens"]?.fallback?.broker == "memory")
        #expect(routes["tasks"]?.fallback == nil)
    }

    @Test("An alias and a merge key give a route what another has, and it sets what differs")
    func merged() throws {
        let routes = try load("hybrid.yaml").routes
        #expect(routes["llm"]?.retry == routes["tasks"]?.retry && routes["llm"]?.timeout == routes["tasks"]?.timeout)
        #expect(routes["llm"]?.maximumPriority == 10 && routes["tasks"]?.maximumPriority == 0)
        #expect(routes["audit"]?.retry == routes["tasks"]?.retry && routes["events"]?.retry != routes["tasks"]?.retry)
        #expect(routes["audit"]?.order == .perKey && routes["audit"]?.groups.count == 1)
        #expect(routes["audit"]?.retention == .seconds(720 * 3600) && routes["events"]?.groups.count == 2)
        let production = try load("production.yaml").routes
        #expect(production["tasks"]?.publishBreaker == production["tasks"]?.breaker)
        #expect(production["tasks"]?.breaker?.failures == 10 && production["commands"]?.retryBudget == 600)
    }

    @Test("fallback.yaml has a file behind what is durable, memory behind what is live, nothing behind invoices")
    func fallback() throws {
        let configuration = try load("fallback.yaml", ["HUB_STORE": "/var/lib/hub.db"])
        let routes = configuration.routes
        #expect(routes["orders"]?.fallback == FallbackRoute("store", divertsDurable: true))
        #expect(routes["prices"]?.fallback == FallbackRoute("memory://") && routes["invoices"]?.fallback == nil)
        let store = try #require(configuration.brokers["store"])
        #expect(EmbeddedConfiguration(store.options).path == "/var/lib/hub.db")
        let local = try #require(try load("fallback.yaml").brokers["store"])
        #expect(EmbeddedConfiguration(local.options).path == "hub.db")
    }

    @Test("Endpoints come from the variables of the environment, with servers of this machine as defaults")
    func endpoints() throws {
        let set = [
            "RABBITMQ_HOST": "rabbit", "RABBITMQ_PORT": "5673", "RABBITMQ_USER": "u", "RABBITMQ_PASSWORD": "p",
            "KAFKA_BROKER": "one:1,two:2", "NATS_URL": "nats://n:1", "REDIS_URL": "rediss://:pw@r:2/3",
        ]
        for (environment, isSet) in [([:], false), (set, true)] {
            let brokers = try load("production.yaml", environment).brokers
            let tasks = RabbitMQConfiguration(try #require(brokers["tasks"]).options)
            #expect(tasks.endpoints == [isSet ? "rabbit:5673" : "localhost:5672"])
            #expect(tasks.username == (isSet ? "u" : "helixagent") && tasks.password == (isSet ? "p" : "helixagent123"))
            let events = KafkaConfiguration(try #require(brokers["events"]).options)
            #expect(events.brokers == (isSet ? ["one:1", "two:2"] : ["localhost:9092"]))
            let commands = NATSConfiguration(try #require(brokers["commands"]).options)
            #expect(commands.servers == [isSet ? "n:1" : "localhost:4222"])
            let live = RedisConfiguration(try #require(brokers["live"]).options)
            #expect(
                live.host == (isSet ? "r" : "localhost") && live.tls.isOn == isSet && live.database == (isSet ? 3 : 0))
            for name in ["hybrid.yaml", "fallback.yaml", "messaging.yaml"] {
                let other = try load(name, environment).brokers
                let rabbit = try #require(other["tasks"] ?? other["main"])
                #expect(RabbitMQConfiguration(rabbit.options).endpoints == tasks.endpoints)
                #expect(RabbitMQConfiguration(rabbit.options).username == tasks.username)
                #expect(RabbitMQConfiguration(rabbit.options).password == tasks.password)
                // What falls back has no Kafka.
                #expect((name == "fallback.yaml") == (other["events"] == nil))
                if let kafka = other["events"] {
                    #expect(KafkaConfiguration(kafka.options).brokers == events.brokers)
                }
            }
        }
    }
}
