import Foundation
import Messaging
import MessagingReliability
import MessagingTesting
import RabbitMQBroker
import Testing

@testable import MessagingHub

@Suite struct ShippedConfigurationTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../configs").standardized

    private func load(_ name: String, _ environment: [String: String] = [:]) throws -> HubConfiguration {
        let path = Self.folder.appending(path: name).path
        return try HubConfiguration.load(path: path, environment: environment, profiles: Loading.profiles)
    }

    @Test("Every file in configs loads with an empty environment")
    func all() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".yaml")
        }
        #expect(Set(names).isSuperset(of: ["messaging.yaml", "development.yaml", "test.yaml"]))
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
}
