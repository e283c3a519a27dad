import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Who gets the place of a consumer that keeps others from an ordered destination.
@Suite struct FencingTests {
    let queue = Destination.queue("orders")

    private func consumer(_ bench: Bench, maxHold: Duration, window: Int = 10) async throws -> any MessageConsumer {
        try await bench.broker.subscribe(Subscription(queue, window: window, maxHold: maxHold))
    }

    @Test func itGoesToTheNextWithEverythingThatWasHeld() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.order = .perKey }
        try await bench.publish(["0", "1", "2"], to: queue)
        let slow = try await consumer(bench, maxHold: .seconds(10))
        let first = try await slow.take(1)
        bench.time.advance(by: .seconds(6))
        let second = try await slow.take(1)
        let next = try await consumer(bench, maxHold: .seconds(3600))
        #expect(try await next.take().isEmpty)
        bench.time.advance(by: .seconds(4))
        // What it has held for four seconds only is gone too: the other is to have it in its order.
        let taken = try await next.take()
        #expect(taken.map(\.message.body.text) == ["0", "1", "2"])
        #expect(taken.map(\.attempt) == [2, 2, 1])
        for delivery in first + second {
            #expect(!slow.holds(delivery.receipt))
            #expect(await slow.settle(delivery.receipt, as: .accept) == .stale)
        }
        #expect(bench.events.list.contains(.revoked(subscription: "queue orders", lanes: [0])))
        #expect(try await slow.take().isEmpty)
        await next.cancel()
        #expect(try await slow.take().map(\.message.body.text) == ["0", "1", "2"])
    }

    @Test func whoIsAloneKeepsIt() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.order = .perKey }
        try await bench.publish(["0"], to: queue)
        let slow = try await consumer(bench, maxHold: .seconds(10))
        #expect(try await slow.take().count == 1)
        bench.time.advance(by: .seconds(10))
        #expect(!bench.events.list.contains { if case .revoked = $0 { true } else { false } })
        #expect(try await slow.take().map(\.attempt) == [2])
    }

    @Test func whereNoOrderIsKeptThereIsNoPlaceToLose() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["0", "1"], to: queue)
        let slow = try await consumer(bench, maxHold: .seconds(10), window: 1)
        #expect(try await slow.take().count == 1)
        let next = try await consumer(bench, maxHold: .seconds(3600), window: 1)
        #expect(try await next.take().count == 1)
        bench.time.advance(by: .seconds(10))
        #expect(!bench.events.list.contains { if case .revoked = $0 { true } else { false } })
        #expect(try await slow.take().map(\.attempt) == [2])
    }
}
