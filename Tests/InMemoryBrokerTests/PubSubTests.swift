import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// The live broadcast.
@Suite struct PubSubTests {
    @Test func everySubscriberHearsAndNobodyElse() async throws {
        let bench = try await Bench()
        try await bench.publish(["early"], to: .pubSub("news"))
        let consumers = [
            try await bench.consumer(.pubSub("news")),
            try await bench.broker.subscribe(Subscription(TopicPattern("#", style: .amqp), kind: .pubSub)),
        ]
        try await bench.publish(["now"], to: .pubSub("news"))
        for consumer in consumers { #expect(try await consumer.drain() == ["now"]) }
    }

    @Test func aSlowSubscriberLosesTheOldestAndIsToldHowMany() async throws {
        let bench = try await Bench(maximumMessages: 10)
        let consumer = try await bench.consumer(.pubSub("news"))
        try await bench.publish((0..<15).map(String.init), to: .pubSub("news"))
        #expect(try await consumer.drain() == (5..<15).map(String.init))
        #expect(bench.events.list.contains(.gap(subscription: "pubsub news", missed: 5)))
        #expect(await bench.broker.health().subscriptions.map(\.gaps) == [5])
    }

    @Test func aSlowSubscriberKeepsNoMoreBytesThanItsWindow() async throws {
        let bench = try await Bench()
        let consumer = try await bench.consumer(.pubSub("news"), windowBytes: 10)
        try await bench.publish(["12345", "1234", "123"], to: .pubSub("news"))
        #expect(try await consumer.drain() == ["1234", "123"])
        // One that is larger than the window is alone in it.
        try await bench.publish(["12345", "123456789012", "x"], to: .pubSub("news"))
        #expect(try await consumer.drain() == ["x"])
        #expect(await bench.broker.health().subscriptions.map(\.gaps) == [3])
    }

    @Test func whatHasExpiredIsNotHandedOutAndIsCounted() async throws {
        let bench = try await Bench()
        let consumer = try await bench.consumer(.pubSub("news"))
        try await bench.publish(["old"], to: .pubSub("news")) { $0.expiration = bench.time.now + .seconds(1) }
        try await bench.publish(["new"], to: .pubSub("news"))
        bench.time.advance(by: .seconds(1))
        #expect(try await consumer.drain() == ["new"])
        #expect(await bench.broker.health().subscriptions.map(\.expired) == [1])
    }

    @Test func aForwardFromPubSubIsPublished() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        let consumer = try await bench.consumer(.pubSub("news"))
        try await bench.publish(["x"], to: .pubSub("news"))
        let delivery = try #require(try await consumer.take().first)
        let outgoing = Outgoing(delivery.message, to: .queue("orders"))
        #expect(await consumer.settle(delivery.receipt, as: .forward([outgoing])) == .settled)
        #expect(try await bench.consumer(.queue("orders")).drain() == ["x"])
    }

    @Test func letGoOfItsConsumerUnsubscribes() async throws {
        let bench = try await Bench()
        var consumer: (any MessageConsumer)? = try await bench.consumer(.pubSub("news"))
        #expect(consumer != nil)
        #expect(await bench.broker.health().consumers == 1)
        consumer = nil
        #expect(await bench.broker.health().consumers == 0)
    }
}
