import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

struct OutOfStock: Error {}

@Test func aFailedOrderIsTriedAgain() async throws {
    let yaml = """
        brokers: { main: { type: inmemory } }
        routes: { orders: { topic: orders.*, kind: queue, broker: main, retry: { delay: 30s } } }
        """
    let configuration = try HubConfiguration.load(text: yaml, environment: [:], profiles: [.inMemory])
    try await withTestHub(configuration) { test in
        try await test.hub.subscribe(to: "orders.eu") { if $0.attempt == 1 { throw OutOfStock() } }
        try await test.publish(Message("one book"), to: "orders.eu")
        try test.topic("orders.eu").requireRetried(1)
        try await test.advance(by: .seconds(30))
        try test.topic("orders.eu").requireHandled(1)
    }
}
