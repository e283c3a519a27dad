import Messaging
import Testing

@Suite struct BrokerEventTests {
    @Test func eventsAreComparable() {
        #expect(BrokerEvent.up == .up)
        #expect(BrokerEvent.down(BrokerError(.notConnected, "a")) != .down(BrokerError(.notConnected, "b")))
        #expect(BrokerEvent.gap(subscription: "s", missed: nil) != .gap(subscription: "s", missed: 0))
    }

    @Test func healthStartsEmpty() {
        let health = BrokerHealth(.disconnected, reason: "refused")
        #expect(health.consumers == 0)
        #expect(health.subscriptions.isEmpty)
        #expect(health.reason == "refused")
        let subscription = BrokerHealth.SubscriptionHealth(label: "queue orders")
        #expect([subscription.filtered, subscription.expired, subscription.gaps] == [0, 0, 0])
    }
}
