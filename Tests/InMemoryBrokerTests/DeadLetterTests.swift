import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// What becomes of a message that is discarded.
@Suite struct DeadLetterTests {
    let queue = Destination.queue("orders")

    @Test func theBrokersOwnDeadLettersMoveInOneStepAndStayWhenTheirDestinationIsFull() async throws {
        let bench = try await Bench()
        let dead = Destination.queue("dead")
        try await bench.declare(dead) { $0.maximumMessages = 1 }
        try await bench.declare(queue) { $0.deadLetters = .broker(dead) }
        try await bench.publish(["a", "b"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        #expect(await consumer.settle(held[0].receipt, as: .discard(reason: "no use")) == .settled)
        let second = await consumer.settle(held[1].receipt, as: .discard(reason: "no use"))
        #expect({ if case .failed(let error) = second { error.code == .resourceExhausted } else { false } }())
        #expect(consumer.holds(held[1].receipt))
        let letters = try await bench.consumer(dead).take()
        #expect(letters.map { $0.message.headers[.deadLetterReason] } == ["no use"])
        #expect(letters.map { $0.message.headers[.deadLetterOrigin] } == ["orders"])
        #expect(letters.map { $0.message.headers[.deadLetterKind] } == ["queue"])
        #expect(letters.map { $0.message.headers[.deadLetterAttempt] } == ["1"])
    }

    @Test func whatIsDiscardedWithoutADestinationIsDeleted() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.deadLetters = .none }
        try await bench.publish(["a"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        #expect(await consumer.settle(held[0].receipt, as: .discard(reason: "no use")) == .settled)
        #expect(try await consumer.drain() == [])
        #expect(try await bench.broker.topology?.depth(of: queue, group: nil).waiting == 0)
    }

    @Test func aDeadLetterOfTheBrokersNeitherExpiresNorWaitsAndSaysWhichRunItWas() async throws {
        let bench = try await Bench()
        let dead = Destination.queue("dead")
        try await bench.declare(dead)
        try await bench.declare(.stream("events")) { declaration in
            declaration.deadLetters = .broker(dead)
            declaration.groups["all"] = .init()
        }
        try await bench.publish(["a"], to: .stream("events")) { $0.expiration = bench.time.now + .seconds(1) }
        let consumer = try await bench.consumer(.stream("events"), group: "all")
        let first = try await consumer.take()
        #expect(await consumer.settle(first[0].receipt, as: .retry(after: .zero, failure: nil)) == .settled)
        let second = try await consumer.take()
        #expect(await consumer.settle(second[0].receipt, as: .discard(reason: "no use")) == .settled)
        bench.time.advance(by: .seconds(10))
        let letters = try await bench.consumer(dead).take()
        #expect(letters.map { $0.message.headers[.deadLetterKind] } == ["stream"])
        #expect(letters.map { $0.message.headers[.deadLetterAttempt] } == ["2"])
        #expect(letters.map(\.message.expiration) == [nil])
    }

    @Test(arguments: [0, 1, 3, 4]) func aMessageWithAsManyHeadersAsFitIsDeadLettered(room: Int) async throws {
        let bench = try await Bench()
        let dead = Destination.queue("dead")
        try await bench.declare(dead)
        try await bench.declare(queue) { $0.deadLetters = .broker(dead) }
        let limit = bench.broker.limits.maximumHeaders
        let fields = (0..<(limit - room)).map { Headers.Field(HeaderName("h\($0)"), "v") }
        try await bench.publish(["full"], to: queue) { $0.headers = Headers(fields) }
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        #expect(await consumer.settle(held[0].receipt, as: .discard(reason: "no use")) == .settled)
        let letters = try await bench.consumer(dead).take()
        #expect(letters.map { $0.message.headers.count } == [limit])
        #expect(letters.map { Array($0.message.headers.fields.prefix(fields.count)) } == [fields])
        #expect(letters.map { $0.message.headers[.deadLetterReason] } == [room > 0 ? "no use" : nil])
    }

    @Test func aReasonThatNoHeaderCarriesIsLeftOut() async throws {
        let bench = try await Bench()
        let dead = Destination.queue("dead")
        try await bench.declare(dead)
        try await bench.declare(queue) { $0.deadLetters = .broker(dead) }
        try await bench.publish(["a"], to: queue) { $0.headers[.deadLetterReason] = "an earlier one" }
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        let reason = String(repeating: "x", count: bench.broker.limits.maximumHeaderValueBytes + 1)
        #expect(await consumer.settle(held[0].receipt, as: .discard(reason: reason)) == .settled)
        let letters = try await bench.consumer(dead).take()
        #expect(letters.map { $0.message.headers[.deadLetterReason] } == [nil])
        #expect(letters.map { $0.message.headers[.deadLetterOrigin] } == ["orders"])
    }
}
