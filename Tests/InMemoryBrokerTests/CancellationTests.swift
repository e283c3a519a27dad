import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// What a cancelled task may still do, and what it may not.
@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
    let queue = Destination.queue("orders")

    @Test(arguments: [true, false], [true, false])
    func aCancelledTaskPublishesNothing(single: Bool, positions: Bool) async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        // The way to the queue is open already.
        try await bench.broker.publish(Message("before"), to: queue)
        let (broker, queue) = (bench.broker, queue)
        let error = await cancelled {
            await failure {
                let options = PublishOptions(positions: positions)
                if single {
                    try await broker.publish(Message("late"), to: queue, options: options)
                } else {
                    try await broker.publish([Message("late"), Message("late")], to: queue, options: options)
                }
            }
        }
        #expect(error?.code == .cancelled)
        #expect(try await bench.consumer(queue).drain() == ["before"])
    }

    @Test func aCancelledTaskSettles() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a", "b", "c", "d"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        let outcomes = await cancelled {
            [
                await consumer.settle(held[0].receipt, as: .accept),
                await consumer.settle(held[1].receipt, as: .forward([])),
            ] + (await consumer.settle([ReceiptSettlement(held[2].receipt, .release)]))
        }
        #expect(outcomes == [.settled, .settled, .settled])
        #expect(try await bench.depth(of: queue) == 1)
    }

    @Test(arguments: ["stop", "cancel", "close"])
    func aCancelledTaskEnds(by what: String) async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a"], to: queue)
        let other = InMemoryBroker(bench.server)
        try await other.connect { _ in }
        let consumer = try await other.subscribe(Subscription(queue))
        let held = try await consumer.take()
        await cancelled {
            switch what {
            case "stop": await consumer.stop()
            case "cancel": await consumer.cancel()
            default: await other.close(within: .seconds(1))
            }
        }
        #expect(await failure { _ = try await consumer.take() }?.code == .ended)
        #expect(consumer.holds(held[0].receipt) == (what == "stop"))
        #expect(try await bench.consumer(queue).drain() == (what == "stop" ? [] : ["a"]))
    }

    /// What is done by a task that is cancelled already.
    private func cancelled<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await body()
        }.value
    }
}
