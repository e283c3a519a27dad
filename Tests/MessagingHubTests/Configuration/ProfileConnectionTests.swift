import EmbeddedBroker
import InMemoryBroker
import KafkaBroker
import Messaging
import MessagingHub
import NATSBroker
import RabbitMQBroker
import RedisBroker
import Testing

@Suite struct ProfileConnectionTests {
    private static let profiles: [BrokerProfile] = [.inMemory, .embedded, .rabbitMQ, .kafka, .redis, .nats]

    @Test(
        "S3-03 S3-04 a broker of every type connects, may be closed again and again, and then takes nothing",
        arguments: profiles.indices)
    func connectAndClose(index: Int) async throws {
        let broker = InMemoryBroker(InMemoryServer(), profile: Self.profiles[index])
        try await broker.connect { _ in }
        #expect(await broker.health().state == .connected)
        try await broker.declare([DestinationDeclaration(.queue("orders"))])
        try await broker.publish(Message("a"), to: .queue("orders"))
        for _ in 0..<3 {
            await broker.close(within: .seconds(5))
            #expect(await broker.health().state != .connected)
        }
        let error = await #expect(throws: PublishFailure.self) {
            try await broker.publish(Message("b"), to: .queue("orders"))
        }
        #expect(error?.outcomes[0]?.error.endReason == .closed, "\(String(describing: error))")
    }

    /// Two gibibytes that nobody reads: the size alone decides, at the broker and in the hub.
    @Test func aBodyOfTwoGibibytesIsRefusedByWhatPublishes() async throws {
        let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 4096), count: 2 << 30)
        let message = Message(Body(owner: ForeignBytes(bytes, handle: nil) { _ in }))
        var fixture = HubFixture()
        try fixture.route("orders")
        try await fixture.run { hub in
            let error = await #expect(throws: PublishFailure.self) { try await hub.publish(message, to: "orders") }
            #expect(error?.outcomes[0]?.error.code == .tooLarge)
        }
        let broker = InMemoryBroker(InMemoryServer())
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(.queue("orders"))])
        let error = await #expect(throws: PublishFailure.self) {
            try await broker.publish(message, to: .queue("orders"))
        }
        #expect(error?.outcomes[0]?.error.sentence.contains("body of 2147483648 bytes is over the limit of") == true)
        await broker.close(within: .seconds(5))
    }
}
