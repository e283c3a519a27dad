import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import RabbitMQBroker
import Testing

/// The shipped configurations with the defaults of older systems, by the clock.
@Suite("Profiles of older systems", .timeLimit(.minutes(5))) struct SeedProfileTests {
    private func load(_ name: String) throws -> HubConfiguration {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../configs/\(name)")
        return try HubConfiguration.load(path: path.standardized.path, environment: [:], profiles: [.rabbitMQ])
    }

    /// A broker whose connection is away for so many publishes, each of which says when it was tried.
    private struct Away: BrokerDecorator {
        let base: any MessageBroker
        let time: any TimeSource
        let tries: Recorder<Duration>
        let count: Int

        func publish(
            _ messages: [Message], to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            if tries.add(time.uptime) > count {
                return try await base.publish(messages, to: destination, options: options)
            }
            throw .refused(BrokerError(.unavailable, "connection refused", during: .publish), count: messages.count)
        }

        func publish(
            _ message: Message, to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            try await publish([message], to: destination, options: options)
        }
    }

    /// Publishes by the agents' profile while the broker is away for so many tries: what came of it, and when it was tried.
    private func publish(whileAwayFor count: Int) async throws -> (error: PublishFailure?, tries: [Duration]) {
        let tries = Recorder<Duration>()
        let options = TestHubOptions(decorating: { Away(base: $0, time: $1, tries: tries, count: count) })
        return try await withTestHub(try load("rabbitmq-agents.yaml"), options: options) { test in
            let start = test.time.uptime
            async let failure = outcome { try await test.hub.publish(Message("query"), to: "my_agent_queue") }
            try await test.advance(by: .seconds(16))
            guard case .failure(let error) = await failure else { return (nil, tries.all.map { $0 - start }) }
            return (try #require(error as? PublishFailure), tries.all.map { $0 - start })
        }
    }

    @Test("S2-01 a broker that is away for two attempts is reached at the third, after pauses of 1 s and 2 s")
    func thirdAttempt() async throws {
        let (error, tries) = try await publish(whileAwayFor: 2)
        #expect(error == nil && tries == [.zero, .seconds(1), .seconds(3)])
    }

    @Test("S2-27 S2-28 the fifth failure is thrown, after pauses of 1, 2, 4 and 8 s")
    func fifthFailure() async throws {
        let (error, tries) = try await publish(whileAwayFor: .max)
        #expect(error?.first.code == .unavailable)
        #expect(tries == [0, 1, 3, 7, 15].map { Duration.seconds($0) })
    }

    @Test("S2-28 no pause is over 60 s")
    func longestPause() throws {
        let policy = try #require(try load("rabbitmq-agents.yaml").routes["query"]?.publishRetry)
        var patient = policy
        patient.attempts = 10
        let pauses = (1..<10).map { patient.delay(afterRun: $0) }
        #expect(policy.attempts == 5)
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { Duration.seconds($0) })
    }

    @Test("S2-38 a dead letter is there for 24 hours, and then gone")
    func deadLettersAreKeptForADay() async throws {
        let made = Recorder<any MessageBroker>()
        let options = TestHubOptions(decorating: { broker, _ in
            made.add(broker)
            return broker
        })
        try await withTestHub(try load("rabbitmq-agents.yaml"), options: options) { test in
            let topology = try #require(made.all.first?.topology)
            func depth() async throws -> Int {
                try await topology.depth(of: .queue("my_agent_queue.dlq"), group: nil).waiting
            }
            try await test.hub.subscribe(to: "my_agent_queue") { _ in throw Failing() }
            try await test.publish(Message("query"), to: "my_agent_queue")
            try test.topic("my_agent_queue").requireDeadLettered(1)
            try await test.advance(by: .seconds(86_399))
            #expect(try await depth() == 1)
            try await test.advance(by: .seconds(2))
            #expect(try await depth() == 0)
        }
    }

    @Test("S3-38 what is put into the retry queue is back in its own after 60 s")
    func retryQueue() async throws {
        try await withTestHub(try load("rabbitmq-helixagent.yaml")) { test in
            try await test.hub.subscribe(to: "helixagent.tasks.background") { _ in }
            try await test.publish(Message("again"), to: "helixagent.retry")
            try await test.advance(by: .seconds(59))
            try test.topic("helixagent.tasks.background").requireHandled(0)
            try await test.advance(by: .seconds(1))
            let record = test.topic("helixagent.tasks.background")
            try record.requireHandled(1)
            let letter = try #require(record.handled.first?.message)
            #expect(letter.body.text == "again" && letter.headers[.deadLetterReason] == "expired")
            #expect(record.handled.map(\.time) == [.seconds(60)])
        }
    }
}
