import Messaging
import MessagingTesting
import Testing

@testable import InMemoryBroker

/// The short way of a connection to the queue that it published to last, once something has changed behind its back.
@Suite struct DoorTests {
    let queue = Destination.queue("orders")

    /// A connection whose way to the queue is open, and another that changes something.
    private func opened() async throws -> (bench: Bench, other: InMemoryBroker) {
        let bench = try await Bench(maximumMessages: 3)
        try await bench.declare(queue)
        try await bench.broker.publish(Message("before"), to: queue)
        #expect(bench.broker.doors.withLock { $0.intake } != nil)
        let other = InMemoryBroker(bench.server)
        try await other.connect { _ in }
        return (bench, other)
    }

    private func publish(_ body: String, by bench: Bench) async -> BrokerError? {
        await failure {
            try await bench.broker.publish(Message(Body(body)), to: queue, options: PublishOptions(deadline: .zero))
        }
    }

    @Test func aBindingOfAnotherGetsItsCopy() async throws {
        let (bench, other) = try await opened()
        var bound = DestinationDeclaration(.queue("copies"))
        bound.bindings = [try TopicPattern("orders", style: .amqp)]
        try await other.declare([bound])
        #expect(await publish("a", by: bench) == nil)
        #expect(await publish("b", by: bench) == nil)
        #expect(try await bench.consumer(queue).drain() == ["before", "a", "b"])
        #expect(try await bench.consumer(.queue("copies")).drain() == ["a", "b"])
        try await other.topology?.delete(.queue("copies"))
        #expect(await publish("c", by: bench) == nil)
        #expect(bench.broker.doors.withLock { $0.intake } != nil)
        #expect(try await bench.consumer(queue).drain() == ["c"])
    }

    @Test func aQueueMadeAnewIsAnother() async throws {
        let (bench, other) = try await opened()
        try await other.topology?.delete(queue)
        #expect(await publish("a", by: bench)?.code == .noSuchDestination)
        try await other.declare([DestinationDeclaration(queue)])
        #expect(await publish("b", by: bench) == nil)
        #expect(await publish("c", by: bench) == nil)
        #expect(try await bench.consumer(queue).drain() == ["b", "c"])
    }

    @Test func aServerThatIsDownTakesNothing() async throws {
        let (bench, _) = try await opened()
        bench.server.kill()
        #expect(await publish("a", by: bench)?.code == .notConnected)
        bench.server.start()
        #expect(await publish("b", by: bench) == nil)
        #expect(try await bench.consumer(queue).drain() == ["before", "b"])
    }

    @Test(arguments: [true, false]) func aConnectionThatHasEndedPublishesNothing(crashed: Bool) async throws {
        let (bench, other) = try await opened()
        if crashed { bench.broker.crash() } else { await bench.broker.close(within: .seconds(1)) }
        #expect(await publish("a", by: bench)?.endReason == .closed)
        #expect(try await other.subscribe(Subscription(queue)).drain() == ["before"])
    }

    @Test(arguments: [true, false]) func thereIsNoMoreRoomThanTheQueueHas(held: Bool) async throws {
        let (bench, other) = try await opened()
        let consumer = try await bench.consumer(queue)
        if held { #expect(try await consumer.take().count == 1) }
        // The long way, by another, takes one of the places.
        try await other.publish(
            Message("a", headers: ["long": "way"]), to: queue, options: PublishOptions(deadline: .zero))
        #expect(await publish("b", by: bench) == nil)
        #expect(await publish("c", by: bench)?.code == .resourceExhausted)
        #expect(try await other.topology?.depth(of: queue, group: nil).waiting == (held ? 2 : 3))
        #expect(await publish("d", by: bench)?.code == .resourceExhausted)
        #expect(try await consumer.drain() == (held ? ["a", "b"] : ["before", "a", "b"]))
    }

    @Test func whatGoesTheLongWayKeepsItsTurn() async throws {
        let (bench, _) = try await opened()
        try await bench.broker.publish(Message("a", headers: ["long": "way"]), to: queue)
        try await bench.broker.publish(Message("b"), to: queue)
        #expect(try await bench.consumer(queue).drain() == ["before", "a", "b"])
    }
}
