import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// A subscription to a queue that ends once what was there is gone, by whichever way.
@Suite struct EndTests {
    let queue = Destination.queue("orders")

    /// A way for a message to leave the queue, while another is to end with it.
    struct Way: Sendable, CustomTestStringConvertible {
        let what: String
        var expiration: Duration?
        let leave: @Sendable (Bench, any MessageConsumer, Delivery) async throws -> Void
        var testDescription: String { what }
    }

    static let ways = [
        Way(what: "it is accepted") { _, peer, held in _ = await peer.settle(held.receipt, as: .accept) },
        Way(what: "it is discarded") { _, peer, held in
            _ = await peer.settle(held.receipt, as: .discard(reason: "it is not wanted"))
        },
        Way(what: "it is forwarded") { _, peer, held in
            _ = await peer.settle(held.receipt, as: .forward([Outgoing(Message("x"), to: .pubSub("news"))]))
        },
        Way(what: "it is put off, and purged") { bench, peer, held in
            _ = await peer.settle(held.receipt, as: .retry(after: .seconds(60), failure: nil))
            _ = try await bench.broker.topology?.purge(.queue("orders"))
        },
        Way(what: "it is put off, and expires", expiration: .seconds(5)) { bench, peer, held in
            _ = await peer.settle(held.receipt, as: .retry(after: .seconds(6), failure: nil))
            bench.time.advance(by: .seconds(7))
        },
        Way(what: "its queue is deleted and declared") { bench, _, _ in
            try await bench.broker.topology?.delete(.queue("orders"))
        },
    ]

    @Test(arguments: ways) func itEndsOnceWhatWasThereIsGone(_ way: Way) async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["0", "1"], to: queue) { message in
            message.expiration = way.expiration.map { bench.time.now + $0 }
        }
        let peer = try await bench.consumer(queue, window: 1)
        let held = try await peer.take()
        let bounded = try await bench.broker.subscribe(Subscription(queue, until: .end))
        try await bench.publish(["later"], to: queue)
        // What was there but for what the peer holds; what comes later stays held.
        let mine = try await bounded.take(1) + bounded.take(1)
        #expect(mine.map(\.message.body.text) == ["1", "later"])
        #expect(await bounded.settle(mine[0].receipt, as: .accept) == .settled)
        let receive = try await bench.waiting(bounded)
        try await way.leave(bench, peer, held[0])
        let error = await failure { _ = try await bench.value(of: receive, "the end") }
        #expect(error?.endReason == (way.what.contains("deleted") ? .deleted : .reachedEnd))
    }

    @Test func anEmptyQueueIsAtItsEnd() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.maximumPriority = 5 }
        let bounded = try await bench.broker.subscribe(Subscription(queue, until: .end))
        try await bench.publish(["later"], to: queue)
        #expect(await failure { _ = try await bounded.take() }?.endReason == .reachedEnd)
    }

    @Test func aConsumerInThePlaceOfOneThatHasLeftWaitsForItsOwn() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["0"], to: queue)
        for body in ["1", "2"] {
            // Each is let go of at once, and the next takes its row.
            _ = try await bench.broker.subscribe(Subscription(queue, until: .end))
            try await bench.publish([body], to: queue)
        }
        let bounded = try await bench.broker.subscribe(Subscription(queue, until: .end))
        for body in ["0", "1", "2"] {
            let next = try await bounded.take(1)
            #expect(next.map(\.message.body.text) == [body])
            for delivery in next { _ = await bounded.settle(delivery.receipt, as: .accept) }
        }
        #expect(await failure { _ = try await bounded.take() }?.endReason == .reachedEnd)
    }

    @Test func whatACrashBringsBackIsWaitedFor() async throws {
        let bench = try await Bench(settleLag: .seconds(1))
        try await bench.declare(queue)
        try await bench.publish(["0", "1"], to: queue)
        let bounded = try await bench.broker.subscribe(Subscription(queue, until: .end))
        let held = try await bounded.take()
        #expect(await bounded.settle(held[0].receipt, as: .accept) == .settled)
        bench.server.kill()
        bench.server.start()
        let again = try await bounded.take()
        #expect(again.map(\.message.body.text) == ["0", "1"])
        #expect(await bounded.settle(again[0].receipt, as: .accept) == .settled)
        #expect(try await bounded.take().isEmpty)
        #expect(await bounded.settle(again[1].receipt, as: .accept) == .settled)
        #expect(await failure { _ = try await bounded.take() }?.endReason == .reachedEnd)
    }
}
