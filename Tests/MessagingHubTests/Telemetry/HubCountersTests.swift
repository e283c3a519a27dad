import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// The counters that every hub has, read from it and from its metrics sink.
@Suite(.timeLimit(.minutes(5))) struct HubCountersTests {
    /// A broker that cannot be reached, or whose connection goes and comes back.
    private final class Unsteady: BrokerDecorator {
        let base: any MessageBroker = FakeBroker()
        let name: BrokerName
        let isReachable: Bool

        init(_ name: BrokerName, isReachable: Bool) {
            self.name = name
            self.isReachable = isReachable
        }

        func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
            let error = BrokerError(.notConnected, "nobody there")
            if !isReachable { throw error }
            for event in [BrokerEvent.up, .down(error), .down(error), .up, .up] { reporting(event) }
        }

        var factory: BrokerFactory {
            let profile = BrokerProfile(
                type: BrokerType(name.name), scheme: name.name, options: OptionGroup([]), capabilities: capabilities,
                limits: limits)
            return BrokerFactory(profile) { (_, _, _) throws(BrokerError) -> any MessageBroker in self }
        }
    }

    private func hub(_ brokers: [Unsteady], _ metrics: MetricsCollector) throws -> MessageHub {
        var configuration = HubConfiguration(brokers: [:], routes: [:])
        for broker in brokers {
            let name = broker.name.name
            configuration.brokers[broker.name] = BrokerConfiguration(BrokerType(name))
            configuration.routes[RouteName(name)] = RouteConfiguration(
                try TopicPattern(name, style: .amqp), to: broker.name, as: .queue)
        }
        return try MessageHub(
            configuration, brokers: brokers.map(\.factory), environment: HubEnvironment(log: NoLog(), metrics: metrics))
    }

    @Test("S3-66 ConnectionAttempts, -Successes and -Failures are exact after one failed and one good connect")
    func connections() async throws {
        let sink = MetricsCollector()
        let failing = try hub([Unsteady("near", isReachable: true), Unsteady("far", isReachable: false)], sink)
        await #expect(throws: BrokerError.self) { try await failing.run() }
        let metrics = failing.metrics()
        // That of the good one went, and came back once.
        #expect(metrics["ConnectionAttempts"] == 3 && metrics["ConnectionSuccesses"] == 2)
        #expect(metrics["ConnectionFailures"] == 1)
        #expect(sink.sum(of: "ConnectionAttempts") == 3 && sink.sum(of: "ConnectionSuccesses") == 2)
        #expect(sink.sum(of: "ConnectionFailures") == 1)
    }

    @Test("S3-67 MessagesPublished, PublishSuccesses, PublishFailures and BytesPublished are exact, of payloads alone")
    func publishing() async throws {
        for sink in [nil, MetricsCollector()] {
            let broker = FakeBroker { _, messages in
                let bad = messages.indices.filter { messages[$0].body.text?.hasPrefix("bad") == true }
                if bad.isEmpty { return nil }
                let outcomes = bad.map { ($0, PublishFailure.Outcome.refused(BrokerError(.tooLarge, "too large"))) }
                return PublishFailure(Dictionary(uniqueKeysWithValues: outcomes), of: messages.count)
            }
            let configuration = HubConfiguration(
                brokers: ["fake": BrokerConfiguration("fake")],
                routes: ["orders": RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)])
            let environment = HubEnvironment(log: NoLog(), metrics: sink)
            let metrics = try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
                try await hub.publish(Message("four", type: "not counted", key: "neither"), to: "orders")
                try await hub.publish([Message("one"), Message("three")], to: "orders")
                _ = await outcome { try await hub.publish(Message("bad"), to: "orders") }
                _ = await outcome { try await hub.publish([Message("seven77"), Message("bad 2")], to: "orders") }
                _ = await outcome { try await hub.publish(Message("lost"), to: "nowhere") }
                return hub.metrics()
            }
            let expected = [
                "MessagesPublished": 7, "PublishSuccesses": 4, "PublishFailures": 3, "BytesPublished": 4 + 3 + 5 + 7,
            ]
            for (name, value) in expected {
                #expect(metrics[name] == value, "\(name)")
                if let sink { #expect(sink.sum(of: name) == Double(value), "\(name)") }
            }
        }
    }

    @Test("S3-68 MessagesReceived, -Processed, -Failed, -Retried and -DeadLettered are exact")
    func consuming() async throws {
        let sink = MetricsCollector()
        var fixture = HubFixture()
        fixture.environment.metrics = sink
        try fixture.route("orders") {
            $0.order = .perKey
            $0.retry = RetryPolicy(attempts: 3, delay: .milliseconds(1))
        }
        let metrics = try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { delivery in
                if delivery.message.type == "bad" { throw Failing() }
                if delivery.message.type == "odd", delivery.attempt == 1 { throw Failing() }
            }
            for type in ["good", "odd", "bad"] { try await hub.publish(Message(type: type), to: "orders") }
            try await eventually("all") { hub.metrics().handled == 2 && hub.metrics().deadLettered == 1 }
            return hub.metrics()
        }
        let expected = [
            "MessagesReceived": 3, "MessagesProcessed": 2, "MessagesFailed": 4, "MessagesRetried": 3,
            "MessagesDeadLettered": 1,
        ]
        for (name, value) in expected {
            #expect(metrics[name] == value, "\(name)")
            #expect(sink.sum(of: name) == Double(value), "\(name)")
        }
    }

    /// A broker that takes a while, by a clock that a test moves.
    private final class Slow: BrokerDecorator {
        let base: any MessageBroker = FakeBroker()
        let time: VirtualTime
        init(_ time: VirtualTime) { self.time = time }

        func publish(
            _ messages: [Message], to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            time.advance(by: .milliseconds(40))
            return PublishReceipt()
        }

        func publish(
            _ message: Message, to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            time.advance(by: .milliseconds(10))
            return PublishReceipt()
        }
    }

    @Test("S3-69 PublishLatencyTotal / PublishLatencyCount is what a publish takes")
    func latency() async throws {
        let (time, sink) = (VirtualTime(), MetricsCollector())
        let profile = BrokerProfile(
            type: "slow", scheme: "slow", options: OptionGroup([]), capabilities: FakeBroker().capabilities,
            limits: BrokerLimits())
        let factory = BrokerFactory(profile) { (_, _, _) throws(BrokerError) -> any MessageBroker in Slow(time) }
        let configuration = HubConfiguration(
            brokers: ["slow": BrokerConfiguration("slow")],
            routes: ["orders": RouteConfiguration(TopicPattern("orders"), to: "slow", as: .queue)])
        for metrics in [nil, sink] {
            let environment = HubEnvironment(time: time, log: NoLog(), metrics: metrics)
            let counted = try await withHub(configuration, brokers: [factory], environment: environment) { hub in
                for _ in 0..<3 { try await hub.publish(Message(), to: "orders") }
                try await hub.publish([Message(), Message()], to: "orders")
                return hub.metrics()
            }
            // With somebody to measure for, one message goes the way of many.
            let total = metrics == nil ? 3 * 10 + 40 : 4 * 40
            #expect(counted.publishLatencyCount == 4)
            #expect(counted.publishLatencyTotal == total * 1_000_000)
        }
        #expect(sink.sum(of: "PublishLatencyCount") == 4)
        #expect(sink.sum(of: "PublishLatencyTotal") == 160e6)
    }
}
