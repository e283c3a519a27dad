import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

struct OutOfStock: Error {}

@Test func aFailedOrderIsTriedAgain() async throws {
    let yaml = """
        brokers: { main: { type: inmemory } }
        routes: { orders: { topic: orders.*, kind: queue, broker: main, retry: { delay: 10ms } } }
        """
    let configuration = try HubConfiguration.load(text: yaml, environment: [:], profiles: [.inMemory])
    let handler = RecordingHandler { run in if run.attempt == 1 { throw OutOfStock() } }
    try await withHub(configuration, brokers: [.inMemory()]) { hub in
        try await hub.subscribe(to: "orders.eu") { try await handler.handle($0) }
        try await hub.publish(Message("one book"), to: "orders.eu")
        #expect(await handler.waits(for: 2, within: .seconds(10)))
    }
    #expect(handler.handled.map(\.attempt) == [1, 2])
}
