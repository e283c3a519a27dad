import Messaging
import Synchronization
import Testing

@testable import MessagingHub

@Suite(.timeLimit(.minutes(5))) struct MetricsMiddlewareTests {
    /// Remembers for what it was asked, and how many instruments are kept.
    private final class Counting: MetricsSink {
        private final class Kept: Instrument {
            let sink: Counting
            init(_ sink: Counting) {
                self.sink = sink
                sink.kept.add(1, ordering: .relaxed)
            }
            deinit { sink.kept.subtract(1, ordering: .relaxed) }
            func record(_ value: Double) {}
        }

        let kept = Atomic<Int>(0)
        let asked = Recorder<InstrumentDescription>()

        func instrument(_ description: InstrumentDescription) -> any Instrument {
            asked.add(description)
            return Kept(self)
        }
    }

    @Test func eachDestinationHasInstrumentsOfItsOwn() async throws {
        let sink = Counting()
        var fixture = HubFixture()
        fixture.environment.middlewares = [MetricsMiddleware(to: sink)]
        try fixture.route("orders")
        try fixture.route("events", as: .stream)
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { _ in }
            for group in ["bills", "mails"] as [GroupName] {
                try await hub.subscribe(to: "events", group: group) { _ in }
            }
            for _ in 0..<3 {
                try await hub.publish(Message(), to: "orders")
                try await hub.publish(Message(), to: "events")
            }
            try await eventually("all") { hub.metrics().handled == 9 }
        }
        func labels(_ operation: String, _ topic: String, _ kind: String, _ group: String? = nil) -> [String: String] {
            var labels = ["messaging.operation.name": operation, "messaging.destination.name": topic]
            labels["messaging.destination.kind"] = kind
            labels["messaging.consumer.group.name"] = group
            return labels
        }
        let expected: Set = [
            labels("publish", "orders", "queue"), labels("process", "orders", "queue"),
            labels("publish", "events", "stream"), labels("process", "events", "stream", "bills"),
            labels("process", "events", "stream", "mails"),
        ]
        for name in ["hub.middleware.duration", "hub.middleware.failed"] {
            #expect(Set(sink.asked.all.filter { $0.name == name }.map(\.labels)) == expected)
        }
        #expect(Set(sink.asked.all).count == 10)
    }

    @Test func aFailureCountsAtItsOwnDestination() async throws {
        let sink = MetricsCollector()
        var fixture = HubFixture()
        fixture.environment.middlewares = [
            MetricsMiddleware(to: sink), ValidationMiddleware { _, to in if to.topic == "bad" { throw Failing() } },
        ]
        try fixture.route("good")
        try fixture.route("bad")
        try await fixture.run { hub in
            for topic in ["good", "bad", "good", "bad", "bad"] as [Topic] {
                _ = await outcome { try await hub.publish(Message(), to: topic) }
            }
        }
        func values(_ topic: String, _ name: String, _ kind: InstrumentDescription.Kind, _ unit: String) -> [Double] {
            let labels = [
                "messaging.operation.name": "publish", "messaging.destination.name": topic,
                "messaging.destination.kind": "queue",
            ]
            return sink.values(of: InstrumentDescription(kind, name, unit: unit, labels: labels))
        }
        #expect(values("good", "hub.middleware.duration", .histogram, "s").count == 2)
        #expect(values("bad", "hub.middleware.duration", .histogram, "s").count == 3)
        #expect(values("good", "hub.middleware.failed", .counter, "{call}") == [])
        #expect(values("bad", "hub.middleware.failed", .counter, "{call}") == [1, 1, 1])
    }

    @Test func ofManyDestinationsABoundedNumberIsKeptAtHand() async throws {
        let sink = Counting()
        var fixture = HubFixture()
        fixture.environment.middlewares = [MetricsMiddleware(to: sink, on: SystemTime.shared, capacity: 3)]
        try fixture.route("orders.*")
        try await fixture.run { hub in
            for number in 0..<20 { try await hub.publish(Message(), to: try Topic("orders.\(number)")) }
            // Two for each destination.
            #expect(sink.kept.load(ordering: .relaxed) <= 6)
            #expect(sink.asked.count == 40)
            try await hub.publish(Message(), to: "orders.19")
            #expect(sink.asked.count == 40)
        }
    }
}
