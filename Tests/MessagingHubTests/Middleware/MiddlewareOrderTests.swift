import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// Where the middlewares stand, as it shows from outside.
@Suite(.timeLimit(.minutes(5))) struct MiddlewareOrderTests {
    private struct Marking: Middleware {
        let name: String
        let events: Recorder<String>

        func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
            try await marking { try await next(call) }
        }

        func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
            try await marking { try await next(call) }
        }

        private func marking<Result>(_ body: () async throws -> Result) async throws -> Result {
            events.add("\(name) in")
            defer { events.add("\(name) out") }
            return try await body()
        }
    }

    /// The first is the outermost; around each run, inside of retries and deduplication, and so around no duplicate and no
    /// dead letter.
    @Test func theyStandAroundEachRunInsideOfRetryAndDeduplication() async throws {
        let (events, time) = (Recorder<String>(), VirtualTime())
        var fixture = HubFixture(time: time)
        fixture.environment.middlewares = [
            Marking(name: "first", events: events), Marking(name: "second", events: events),
        ]
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 2, backoff: .constant, delay: .seconds(1))
            $0.deduplicate = DeduplicationPolicy()
        }
        try await fixture.run { hub in
            let message = Message("x")
            try await hub.publish([message, message], to: "orders")
            #expect(events.all == ["first in", "second in", "second out", "first out"])
            try await hub.subscribe(to: "orders", concurrency: 1) { delivery in
                events.add("run \(delivery.attempt)")
                if delivery.attempt == 1 { throw Failing() }
            }
            try await advancing(time, until: "handled, and the copy accepted") {
                hub.metrics().duplicates == 1 && hub.metrics().handled == 1
            }
        }
        #expect(try await fixture.depth(of: "orders.dead") == 0)
        let around = { (run: String) in ["first in", "second in", run, "second out", "first out"] }
        let runs = Array(events.all.dropFirst(4))
        #expect(runs.suffix(5) == around("run 2")[...])
        #expect(runs.filter { $0.hasPrefix("run") }.count == runs.filter { $0 == "first in" }.count)
    }

    /// A publish that takes three tries is one call to them.
    @Test func theyStandOutsideOfTheRetriesOfAPublish() async throws {
        let (events, time) = (Recorder<String>(), VirtualTime())
        let broker = FakeBroker { call, messages in
            events.add("try \(call)")
            return call < 3 ? .refused(BrokerError(.notConnected, "away"), count: messages.count) : nil
        }
        var route = RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)
        route.publishRetry = RetryPolicy(attempts: 4, backoff: .constant, delay: .seconds(2))
        let configuration = HubConfiguration(brokers: ["fake": BrokerConfiguration("fake")], routes: ["orders": route])
        let environment = HubEnvironment(
            time: time, log: NoLog(), middlewares: [Marking(name: "m", events: events)])
        try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            async let receipt = hub.publish(Message("a"), to: "orders")
            try await advancing(time, until: "three") { broker.calls.count == 3 }
            _ = try await receipt
        }
        #expect(events.all == ["m in", "try 1", "try 2", "try 3", "m out"])
    }

    /// What the hub publishes by itself does not pass them: a middleware that refuses everything keeps no message from its
    /// dead letters.
    @Test func deadLettersDoNotPassThem() async throws {
        var fixture = HubFixture()
        let isOpen = Recorder<Bool>()
        fixture.environment.middlewares = [
            Around(publishing: { call, next in
                if isOpen.count > 0 { throw Failing() }
                return try await next(call)
            })
        ]
        try fixture.route("orders")
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.publish(Message("x"), to: "orders")
            isOpen.add(false)
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { _ in throw Reject("no") }
            try await eventually("the dead letter") { letters.count == 1 }
        }
    }
}
