import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Queues that keep a message for some time only.
@Suite struct RetentionTests {
    let queue = Destination.queue("orders")
    let dead = Destination.queue("dead")

    private func waiting(in destination: Destination, _ bench: Bench) async throws -> Int? {
        try await bench.broker.topology?.depth(of: destination, group: nil).waiting
    }

    @Test func whatHasWaitedForTooLongIsGoneThoughNobodyAsks() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.retention = .seconds(60) }
        try await bench.publish(["a"], to: queue)
        bench.time.advance(by: .seconds(30))
        try await bench.publish(["b"], to: queue)
        bench.time.advance(by: .milliseconds(29_999))
        #expect(try await waiting(in: queue, bench) == 2)
        bench.time.advance(by: .milliseconds(1))
        #expect(try await waiting(in: queue, bench) == 1)
        let consumer = try await bench.consumer(queue)
        #expect(try await consumer.drain() == ["b"])
        #expect(await bench.broker.health().subscriptions.map(\.expired) == [1])
    }

    @Test func whatHasWaitedForTooLongGoesWhereTheBrokerDeadLetters() async throws {
        let bench = try await Bench()
        try await bench.declare(dead)
        try await bench.declare(queue) { ($0.retention, $0.deadLetters) = (.seconds(60), .broker(dead)) }
        try await bench.publish(["a"], to: queue)
        try await bench.publish(["b"], to: queue) { $0.expiration = bench.time.now + .seconds(20) }
        let letters = try await bench.consumer(dead)
        bench.time.advance(by: .seconds(20))
        let first = try await letters.take()
        bench.time.advance(by: .seconds(40))
        let all = first + (try await letters.take())
        #expect(all.map(\.message.body.text) == ["b", "a"])
        #expect(all.map { $0.message.headers[.deadLetterReason] } == ["expired", "expired"])
        #expect(all.map { $0.message.headers[.deadLetterOrigin] } == ["orders", "orders"])
        #expect(all.allSatisfy { $0.message.expiration == nil && $0.attempt == 1 })
        #expect(try await waiting(in: queue, bench) == 0)
    }

    @Test func whatDoesNotFitWhereTheBrokerDeadLettersStaysUntilItDoes() async throws {
        let bench = try await Bench()
        try await bench.declare(dead) { $0.maximumMessages = 1 }
        try await bench.declare(queue) { ($0.retention, $0.deadLetters) = (.seconds(1), .broker(dead)) }
        try await bench.publish(["a", "b"], to: queue)
        bench.time.advance(by: .seconds(10))
        #expect(try await waiting(in: queue, bench) == 1)
        #expect(try await bench.consumer(queue).take().isEmpty)
        let letters = try await bench.consumer(dead)
        #expect(try await letters.drain() == ["a"])
        bench.time.advance(by: .seconds(1))
        #expect(try await letters.drain() == ["b"])
        #expect(try await waiting(in: queue, bench) == 0)
    }

    @Test func theTimeBeginsWhenADelayIsOverAndAnewAfterARetry() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.retention = .seconds(10) }
        try await bench.publish(["a"], to: queue) { $0.notBefore = bench.time.now + .seconds(60) }
        bench.time.advance(by: .seconds(69))
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        #expect(await consumer.settle(held[0].receipt, as: .retry(after: .seconds(30), failure: nil)) == .settled)
        bench.time.advance(by: .seconds(39))
        let again = try await consumer.take()
        #expect(again.map(\.attempt) == [2])
        bench.time.advance(by: .seconds(1))
        // Held for longer than it may wait, it can be settled; given back, it is gone.
        #expect(consumer.holds(again[0].receipt))
        #expect(await consumer.settle(again[0].receipt, as: .release) == .settled)
        #expect(try await consumer.take().isEmpty)
    }

    @Test func theTimeGoesOnWhileTheServerIsDown() async throws {
        let bench = try await Bench()
        try await bench.declare(dead)
        try await bench.declare(queue) { ($0.retention, $0.deadLetters) = (.seconds(60), .broker(dead)) }
        try await bench.publish(["a"], to: queue)
        bench.server.kill()
        bench.time.advance(by: .seconds(60))
        bench.server.start()
        bench.time.advance(by: .milliseconds(100))
        #expect(try await bench.consumer(dead).drain() == ["a"])
    }

    @Test func aPublisherThatWaitsGoesOnWhenWhatHasWaitedTooLongIsGone() async throws {
        let bench = try await Bench()
        try await bench.declare(dead)
        try await bench.declare(queue) { declaration in
            (declaration.retention, declaration.deadLetters) = (.seconds(1), .broker(dead))
            declaration.maximumMessages = 1
        }
        try await bench.publish(["0"], to: queue)
        let alarms = bench.time.alarmCount
        let (broker, queue) = (bench.broker, queue)
        async let published = broker.publish(
            [Message("1")], to: queue, options: PublishOptions(deadline: .seconds(30)))
        await bench.time.waits(forAlarms: alarms + 1, within: .seconds(10))
        bench.time.advance(by: .seconds(1))
        _ = try await published
        #expect(try await bench.consumer(dead).drain() == ["0"])
        #expect(try await bench.consumer(queue).drain() == ["1"])
    }

    @Test func aServerWithoutConnectionsIsLetGoOf() async throws {
        weak var server: InMemoryServer?
        let time = VirtualTime()
        do {
            let own = InMemoryServer(time: time)
            server = own
            let broker = InMemoryBroker(own)
            try await broker.connect { _ in }
            var declaration = DestinationDeclaration(queue)
            declaration.retention = .seconds(86_400)
            try await broker.declare([declaration])
            try await broker.publish(Message("a"), to: queue, options: PublishOptions())
            await broker.close(within: .zero)
        }
        #expect(server == nil && time.nextAlarm == nil)
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .seconds(36_500 * 86_400 + 1)])
    func aRetentionThatIsOutOfRangeIsRefused(_ retention: Duration) async throws {
        let bench = try await Bench()
        let error = await failure { try await bench.declare(queue) { $0.retention = retention } }
        #expect(error?.code == .invalidArgument)
        #expect(error?.sentence.contains("is out of range; at least 1ms, at most 876000h") == true)
    }
}
