import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// The order of the stages around a handler and around a publish, as it shows from outside: in what happens, and when.
@Suite(.timeLimit(.minutes(5))) struct PipelineTests {
    private let time = VirtualTime()
    private let events = Recorder<String>()

    /// Instruments that write into the events what is measured of one topic.
    private struct Sink: MetricsSink {
        struct Writer: Instrument {
            let word: String?
            let events: Recorder<String>
            func record(_ value: Double) { if let word { events.add(word) } }
        }

        let words: [String: String]
        let topic: String
        let events: Recorder<String>

        func instrument(_ description: InstrumentDescription) -> any Instrument {
            let isOurs = description.labels["messaging.destination.name"] == topic
            return Writer(word: isOurs ? words[description.name] : nil, events: events)
        }
    }

    private func observing(_ topic: String, _ words: [String: String]) -> Sink {
        Sink(words: words, topic: topic, events: events)
    }

    /// Two runs that fail, and a third that never ends, with pauses between them that are longer than the time-out: it is
    /// one for each run. The dead letter comes after all of them, once, and is seen when it is there.
    @Test(arguments: DestinationDeclaration.Order.allCases)
    func aroundAHandlerStandTimeoutThenRetryThenDeadLetterThenObserve(order: DestinationDeclaration.Order) async throws
    {
        var fixture = HubFixture(time: time)
        fixture.environment.sinks.isInline = true
        fixture.environment.metrics = observing(
            "orders",
            [
                "messaging.client.consumed.messages": "received", "hub.failed.messages": "failed",
                "hub.retried.messages": "retried", "hub.dead_lettered.messages": "dead-lettered",
            ])
        let letters = Recorder<Message>()
        let fake = FakeBroker { [events] _, messages in
            for message in messages {
                letters.add(message)
                events.add("letter")
            }
            return nil
        }
        fixture.configuration.brokers["fake"] = BrokerConfiguration("fake")
        try fixture.route("orders") {
            $0.order = order
            $0.timeout = .seconds(60)
            $0.retry = RetryPolicy(attempts: 3, backoff: .constant, delay: .seconds(70), maximumDelay: .seconds(70))
        }
        try fixture.route("orders.dead") { $0.broker = "fake" }
        let brokers = [BrokerFactory.inMemory(fixture.server), fake.factory]
        try await withHub(fixture.configuration, brokers: brokers, environment: fixture.environment) { hub in
            try await hub.subscribe(to: "orders") { [time, events] delivery in
                events.add("run \(delivery.attempt)")
                try await time.sleep(for: .seconds(delivery.attempt < 3 ? 30 : 3600))
                events.add("end \(delivery.attempt)")
                throw Failing()
            }
            try await hub.publish(Message(), to: "orders")
            try await advancing(time, by: .milliseconds(100), until: "dead-lettered") {
                hub.metrics().deadLettered == 1
            }
        }
        #expect(
            events.all == [
                "received", "run 1", "end 1", "failed", "retried", "received", "run 2", "end 2", "failed", "retried",
                "received", "run 3", "failed", "letter", "dead-lettered",
            ])
        #expect(letters.all.map { $0.headers[.deadLetterAttempt] } == ["3"])
        #expect(letters.all[0].headers[.deadLetterError]?.contains("longer than 1m") == true)
    }

    /// Two tries that fail: each has the deadline that is left, and what observes sees one publish.
    @Test func aroundAPublishStandTimeoutThenRetryThenObserve() async throws {
        let broker = FakeBroker { [events] call, messages in
            events.add("try \(call)")
            return call < 3 ? .refused(BrokerError(.notConnected, "away"), count: messages.count) : nil
        }
        var route = RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)
        route.publishRetry = RetryPolicy(attempts: 4, backoff: .constant, delay: .seconds(2))
        route.publishDeadline = .seconds(20)
        let configuration = HubConfiguration(brokers: ["fake": BrokerConfiguration("fake")], routes: ["orders": route])
        var environment = HubEnvironment(
            time: time, log: NoLog(), metrics: observing("orders", ["messaging.client.sent.messages": "sent"]))
        environment.sinks.isInline = true
        try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            async let receipt = hub.publish(Message("a"), to: "orders")
            try await advancing(time, until: "three") { broker.calls.count == 3 }
            _ = try await receipt
        }
        #expect(events.all == ["try 1", "try 2", "try 3", "sent"])
        #expect(broker.deadlines.count == 3)
        #expect(zip(broker.deadlines.all, broker.deadlines.all.dropFirst()).allSatisfy { $0 - $1 >= .seconds(2) })
    }
}
