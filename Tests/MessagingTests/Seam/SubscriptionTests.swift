import Messaging
import Testing

@Suite struct SubscriptionTests {
    @Test func defaultsAreTheDocumentedOnes() {
        let subscription = Subscription(.queue("orders"))
        #expect(subscription.source == .destination(.queue("orders")))
        #expect(subscription.group == nil)
        #expect(subscription.until == nil)
        #expect(subscription.window == 256)
        #expect(subscription.windowBytes == 16 << 20)
        #expect(subscription.maxHold == .seconds(1800))
        #expect(subscription.kind == .queue)
    }

    @Test func labelsSayFromWhere() throws {
        #expect(Subscription(.queue("orders")).label == "queue orders")
        #expect(Subscription(.stream("orders"), group: "billing").label == "stream orders (group billing)")
        let pattern = try TopicPattern("orders.*", style: .amqp)
        let subscription = Subscription(pattern, kind: .stream, group: "billing", window: 5)
        #expect(subscription.label == "stream orders.* (group billing)")
        #expect(subscription.kind == .stream)
        #expect(subscription.window == 5)
        #expect(subscription.source == .pattern(pattern, .stream))
    }
}
