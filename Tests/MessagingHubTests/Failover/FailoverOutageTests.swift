import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

/// What a first broker that hangs, blinks or goes in the middle of a call does to its pair.
@Suite("Two brokers as one, the first in trouble", .timeLimit(.minutes(5))) struct FailoverOutageTests {
    private let queue = Destination.queue("work")
    private let server = InMemoryServer()
    private let changes = Recorder<FailoverBroker.Use>()

    private func pair(
        _ first: any MessageBroker, every interval: Duration = .seconds(1), on time: any TimeSource = SystemTime.shared
    ) async throws -> FailoverBroker {
        let spare = InMemoryBroker(InMemoryServer(time: time), name: "spare")
        let broker = FailoverBroker(first, fallback: spare, tryingEvery: interval, on: time) { [changes] in
            changes.add($0)
        }
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        return broker
    }

    private func take(from consumer: any MessageConsumer) async throws -> Delivery {
        var taken: [Delivery] = []
        while taken.isEmpty { taken = try await consumer.receive(upTo: 1, within: .seconds(5)) }
        return taken[0]
    }

    @Test func aFirstWhoseConnectHangsHoldsUpNeitherWay() async throws {
        let start = ContinuousClock.now
        let main = Unreachable(hanging: .seconds(20), on: SystemTime.shared)
        let broker = try await pair(main, every: .milliseconds(1))
        let consumer = try await broker.subscribe(Subscription(queue))
        var sent = 0
        // A quick machine may send some before it is time to connect again: goes on until that one hangs.
        while sent < 3 || main.connects.count < 2 {
            _ = try await broker.publish(Message(), to: queue, options: PublishOptions(deadline: .milliseconds(500)))
            sent += 1
            #expect(broker.divertedCount == sent)
            let delivery = try await take(from: consumer)
            #expect(await consumer.settle(delivery.receipt, as: .accept) == .settled)
            try #require(ContinuousClock.now - start < .seconds(15), "its second connect hangs")
        }
        #expect(main.connects.count == 2)
        await broker.close(within: .seconds(20))
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test func theIntervalIsCountedFromTheEndOfAnAttempt() async throws {
        let time = VirtualTime()
        let main = Unreachable(hanging: .seconds(10), on: time)
        let broker = try await pair(main, every: .seconds(1), on: time)
        time.advance(by: .seconds(1))
        async let slow = outcome { try await broker.publish(Message(), to: queue) }
        try await eventually("it is tried") { main.connects.count == 2 }
        try await advancing(time, until: "it has failed") { main.failures.count == 2 }
        _ = try await slow.get()
        let failed = main.failures.all[1]
        let atOnce = PublishOptions(deadline: .zero)
        while time.uptime < failed + .seconds(1) {
            _ = await outcome { try await broker.publish(Message(), to: queue, options: atOnce) }
            #expect(main.connects.count == 2)
            time.advance(by: .milliseconds(100))
        }
        _ = await outcome { try await broker.publish(Message(), to: queue, options: atOnce) }
        try await eventually("it is tried again") { main.connects.count == 3 }
        await broker.close(within: .zero)
    }

    @Test func aReplyWhoseFirstBrokerIsAwayIsTriedAgainLater() async throws {
        let broker = try await pair(InMemoryBroker(server, name: "main"))
        let consumer = try await broker.subscribe(Subscription(queue))
        let requests = try #require(broker.requests)
        async let answer = outcome { try await requests.request(Message("?"), to: queue, within: .seconds(2)) }
        let address = try #require(try await take(from: consumer).message.replyTo)
        server.kill()
        let error = await #expect(throws: BrokerError.self) {
            try await requests.reply(Message("!"), to: address, within: .seconds(1))
        }
        #expect(error?.isRetryable == true)
        _ = await answer
        server.start()
        let gone = await #expect(throws: BrokerError.self) {
            try await requests.reply(Message("!"), to: "nobody", within: .seconds(1))
        }
        #expect(gone?.code == .noSuchDestination)
    }

    @Test func aPublishThatReturnsAfterItsBrokerWentEndsNoFallback() async throws {
        let broker = try await pair(GoneAfterwards(server))
        for _ in 0..<3 { try await broker.publish(Message(), to: queue) }
        #expect(changes.count == 1 && broker.fallbackCount == 1 && broker.divertedCount == 2)
    }
}

/// A broker that refuses its first connect at once, and each later one after so long.
private final class Unreachable: BrokerDecorator {
    let base: any MessageBroker = InMemoryBroker(name: "main")
    let connects = Recorder<Duration>()
    let failures = Recorder<Duration>()
    private let hanging: Duration
    private let time: any TimeSource

    init(hanging: Duration, on time: any TimeSource) { (self.hanging, self.time) = (hanging, time) }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        if connects.add(time.uptime) > 1 { try? await time.sleep(for: hanging) }
        failures.add(time.uptime)
        throw BrokerError(.unavailable, "nobody answers", during: .connect)
    }
}

/// A broker whose server is gone by the time a publish returns that it has confirmed.
private final class GoneAfterwards: BrokerDecorator {
    let base: any MessageBroker
    private let server: InMemoryServer

    init(_ server: InMemoryServer) { (self.server, base) = (server, InMemoryBroker(server, name: "main")) }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let receipt = try await base.publish(messages, to: destination, options: options)
        server.kill()
        return receipt
    }
}
