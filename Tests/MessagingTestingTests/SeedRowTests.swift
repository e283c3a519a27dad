import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@Suite("What the seeds ask of a broker, on the in-memory one") struct SeedRowTests {
    private func connected(_ server: InMemoryServer = InMemoryServer()) async throws -> InMemoryBroker {
        let broker = InMemoryBroker(server)
        try await broker.connect { _ in }
        return broker
    }

    private func declare(_ topic: Topic, on broker: some MessageBroker, priority: UInt8 = 0) async throws -> Destination
    {
        var declaration = DestinationDeclaration(.queue(topic))
        declaration.maximumPriority = priority
        try await broker.declare([declaration])
        return declaration.destination
    }

    @Test("S0-113 Two consumers of a queue get an even split within 20 %")
    func consumersGetAnEvenSplit() async throws {
        let (server, count) = (InMemoryServer(), 400)
        let publisher = try await connected(server)
        let queue = try await declare("work", on: publisher)
        var consumers: [any MessageConsumer] = []
        for _ in 0..<2 {
            consumers.append(try await connected(server).subscribe(Subscription(queue, window: 1)))
        }
        let left = Observed(count)
        try await publisher.publish((0..<count).map { _ in Message("work") }, to: queue)
        let shares = try await withThrowingTaskGroup(of: Int.self) { group in
            for consumer in consumers {
                group.addTask {
                    var share = 0
                    while left.value > 0 {
                        for delivery in try await consumer.receive(upTo: 1, within: .milliseconds(50)) {
                            try await SystemTime.shared.sleep(for: .milliseconds(1))
                            _ = await consumer.settle(delivery.receipt, as: .accept)
                            share += 1
                            left.change { $0 -= 1 }
                        }
                    }
                    return share
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(shares.reduce(0, +) == count)
        for share in shares { #expect(abs(share - count / 2) <= count / 10, "the shares are \(shares)") }
    }

    @Test("S3-08 PublishBatch: n messages are delivered in order")
    func aBatchIsDeliveredInOrder() async throws {
        let broker = try await connected()
        let queue = try await declare("batch", on: broker)
        let messages = (0..<500).map { Message(Body("message \($0)")) }
        try await broker.publish(messages, to: queue)
        let consumer = try await broker.subscribe(Subscription(queue, window: 500))
        var received: [MessageID] = []
        while received.count < 500 {
            let deliveries = try await consumer.receive(upTo: 64, within: .seconds(10))
            try #require(!deliveries.isEmpty)
            received += deliveries.map(\.message.id)
        }
        #expect(received == messages.map(\.id))
    }

    @Test("S3-50 Priority: 0 to 10 are taken, the higher goes first, 11 is refused by name")
    func prioritiesBeyondTenAreRefused() async throws {
        let broker = try await connected()
        let queue = try await declare("priority", on: broker, priority: 10)
        for priority in UInt8(0)...10 {
            try await broker.publish(Message(Body("\(priority)")).with { $0.priority = priority }, to: queue)
        }
        let failure = await #expect(throws: PublishFailure.self) {
            try await broker.publish(Message("11").with { $0.priority = 11 }, to: queue)
        }
        #expect(failure?.first.code == .invalidArgument)
        #expect(failure?.first.sentence.contains("priority 11 is out of range") == true)
        let consumer = try await broker.subscribe(Subscription(queue, window: 1))
        let first = try await consumer.receive(upTo: 1, within: .seconds(10))
        #expect(first.map(\.message.priority) == [10])
    }

    @Test("S3-53 Expiration: an expired message is not delivered")
    func anExpiredMessageIsNotDelivered() async throws {
        let time = VirtualTime()
        let broker = try await connected(InMemoryServer(time: time))
        let queue = try await declare("expiration", on: broker)
        let expiring = Message("short-lived").with { $0.expiration = time.now + .seconds(60) }
        let lasting = Message("lasting").with { $0.expiration = time.now + .seconds(120) }
        try await broker.publish([expiring, lasting], to: queue)
        time.advance(by: .seconds(61))
        let consumer = try await broker.subscribe(Subscription(queue))
        let deliveries = try await consumer.receive(upTo: 10, within: .zero)
        #expect(deliveries.map(\.message.id) == [lasting.id])
        #expect(await broker.health().subscriptions.map(\.expired) == [1])
    }
}
