import Messaging
import Testing

@Suite struct DestinationTests {
    @Test func destinationsAreATopicAndAKind() {
        #expect(Destination.queue("orders").description == "queue orders")
        #expect(Destination.stream("orders").description == "stream orders")
        #expect(Destination.pubSub("orders").description == "pubsub orders")
        #expect(Destination.queue("orders") != .stream("orders"))
        #expect(Destination("orders", .queue) == .queue("orders"))
        #expect(DestinationKind.allCases.map(\.rawValue) == ["queue", "stream", "pubsub"])
    }

    @Test("S3-10 every type of broker has a word of its own")
    func brokerTypes() {
        let types: [BrokerType] = [.rabbitMQ, .kafka, .redis, .nats, .embedded, .inMemory]
        #expect(types.map(\.name) == ["rabbitmq", "kafka", "redis", "nats", "embedded", "inmemory"])
        #expect(Set(types).count == types.count)
    }

    @Test func namesAreTypes() {
        #expect(("main" as BrokerName).description == "main")
        #expect(GroupName("billing") == "billing")
        #expect(BrokerType("own").description == "own")
        #expect(("billing" as GroupName).description == "billing")
    }
}
