import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

/// Publishing to a destination that fails, behind a circuit breaker.
@Suite(.timeLimit(.minutes(5))) struct PublishCircuitTests {
    private let time = VirtualTime()
    private let log = LogCollector()
    private let metrics = MetricsCollector()

    private func hub(
        _ broker: FakeBroker, _ edit: (inout RouteConfiguration) -> Void = { _ in },
        _ body: (MessageHub) async throws -> Void
    ) async throws {
        var route = RouteConfiguration(try TopicPattern("*", style: .amqp), to: "fake", as: .queue)
        route.publishRetry = RetryPolicy(attempts: 1)
        route.publishBreaker = CircuitBreakerPolicy(failures: 3, reset: .seconds(10))
        edit(&route)
        let configuration = HubConfiguration(
            brokers: ["fake": BrokerConfiguration("fake")], routes: ["orders": route])
        var environment = HubEnvironment(time: time, log: log, logLevel: .info, metrics: metrics)
        environment.sinks.isInline = true
        try await withHub(configuration, brokers: [broker.factory], environment: environment, body)
    }

    private func failure(_ hub: MessageHub, _ topic: Topic = "orders") async -> BrokerError? {
        do { _ = try await hub.publish(Message(), to: topic) } catch { return (error as? PublishFailure)?.first }
        return nil
    }

    @Test func anOpenOneRefusesAtOnceAndSaysWhereAndUntilWhen() async throws {
        let broker = FakeBroker { _, messages in
            .refused(BrokerError(.notConnected, "away"), count: messages.count)
        }
        try await hub(broker) { hub in
            for _ in 0..<3 { #expect(await failure(hub)?.code == .notConnected) }
            #expect(hub.circuit(of: "orders") == .open)
            time.advance(by: .seconds(4))
            let refusal = try #require(await failure(hub))
            #expect(refusal.code == .circuitOpen)
            #expect(refusal.isRetryable)
            #expect(
                refusal.sentence == "publishing to queue orders at broker fake is not tried: its circuit is open after"
                    + " failures in a row; the next publish is let through in 6s, at 2026-01-01T00:00:10.000Z;"
                    + " repeat it then")
            #expect(refusal.details == ["state": "open", "retry_at": "2026-01-01T00:00:10.000Z"])
            #expect(broker.calls.count == 3)
            #expect(hub.metrics().publishFailed == 4)
            let many = await outcome { try await hub.publish([Message(), Message()], to: "orders") }
            guard case .failure(let error as PublishFailure) = many else { throw Failing() }
            #expect(error.outcomes.count == 2)
            #expect(broker.calls.count == 3)
        }
    }

    @Test func itClosesWithTheFirstPublishThatGoesWellAndEachChangeIsSaidOnce() async throws {
        let mended = Recorder<Bool>()
        let broker = FakeBroker { _, messages in
            mended.count > 0 ? nil : .refused(BrokerError(.unavailable, "away"), count: messages.count)
        }
        try await hub(broker) { hub in
            for _ in 0..<20 { _ = await failure(hub) }
            time.advance(by: .seconds(10))
            #expect(await failure(hub)?.code == .unavailable)
            #expect(await failure(hub)?.code == .circuitOpen)
            time.advance(by: .seconds(10))
            mended.add(true)
            #expect(await failure(hub) == nil)
            #expect(hub.circuit(of: "orders") == .closed)
            for _ in 0..<20 { #expect(await failure(hub) == nil) }
        }
        #expect(broker.calls.count == 3 + 1 + 21)
        #expect(log.records(of: "circuit opened").count == 2)
        #expect(log.records(of: "circuit opened")[0]["hub.circuit.side"] == "publish")
        #expect(log.records(of: "circuit half open").count == 2)
        #expect(log.records(of: "circuit closed").count == 1)
        #expect(metrics.values(of: "hub.publish.circuit") == [0, 2, 1, 2, 1, 0])
    }

    @Test func eachDestinationHasItsOwn() async throws {
        let broker = FakeBroker { _, messages in
            messages[0].body == "bad" ? .refused(BrokerError(.resourceExhausted, "full"), count: 1) : nil
        }
        try await hub(broker) { hub in
            for _ in 0..<3 { _ = await outcome { try await hub.publish(Message("bad"), to: "one") } }
            #expect(hub.circuit(of: "one") == .open)
            #expect(await failure(hub, "one")?.code == .circuitOpen)
            #expect(await failure(hub, "two") == nil)
            #expect(hub.circuit(of: "two") == .closed)
        }
    }

    @Test func itSeesWhatAllTriesHaveComeToAndNotEachOfThem() async throws {
        let broker = FakeBroker { call, messages in
            call.isMultiple(of: 3) ? nil : .refused(BrokerError(.notConnected, "away"), count: messages.count)
        }
        try await hub(broker) {
            $0.publishRetry = RetryPolicy(attempts: 3, delay: .zero, maximumDelay: .zero)
            $0.publishBreaker = CircuitBreakerPolicy(failures: 1)
        } _: { hub in
            for _ in 0..<5 { #expect(await failure(hub) == nil) }
            #expect(hub.circuit(of: "orders") == .closed)
        }
        #expect(broker.calls.count == 15)
    }

    @Test func withoutOneNothingIsRefused() async throws {
        let broker = FakeBroker { _, messages in
            .refused(BrokerError(.notConnected, "away"), count: messages.count)
        }
        try await hub(broker) {
            $0.publishBreaker = nil
        } _: { hub in
            for _ in 0..<20 { #expect(await failure(hub)?.code == .notConnected) }
            #expect(hub.circuit(of: "orders") == nil)
        }
        #expect(metrics.values(of: "hub.publish.circuit").isEmpty)
    }

    @Test func whatAPublishSaysOfItsDestination() {
        let (away, large) = (BrokerError(.timeout, "late"), BrokerError(.tooLarge, "large"))
        let gone = BrokerError(.cancelled, "cancelled")
        #expect(PublishCircuit.result([:], of: 3) == .success)
        #expect(PublishCircuit.result([0: .refused(large)], of: 3) == .success)
        #expect(PublishCircuit.result([0: .refused(large)], of: 1) == .ignored)
        #expect(PublishCircuit.result([0: .refused(large), 1: .unknown(away)], of: 3) == .failure)
        #expect(PublishCircuit.result([0: .unknown(gone)], of: 1) == .ignored)
    }
}
