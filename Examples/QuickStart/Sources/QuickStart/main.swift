import InMemoryBroker
import Messaging
import MessagingHub

struct Order: Codable { let id: Int }
struct OutOfStock: Error {}

let orders = TypedTopic<Order>("orders")
let yaml = """
    brokers: { main: { type: inmemory } }
    routes: { orders: { topic: orders, kind: queue, broker: main, retry: { attempts: 3, delay: 500ms } } }
    """
let configuration = try HubConfiguration.load(text: yaml, environment: [:], profiles: [.inMemory])
try await withHub(configuration, brokers: [.inMemory()]) { hub in
    let (shipped, shipping) = AsyncStream.makeStream(of: String.self)
    try await hub.subscribe(to: orders, concurrency: 1) { order, delivery in
        if order.id == 1, delivery.attempt == 1 { throw OutOfStock() }
        shipping.yield("order \(order.id) at attempt \(delivery.attempt)")
    }
    for id in 1...3 { try await hub.publish(Order(id: id), to: orders) }
    for await order in shipped.prefix(3) { print("shipped \(order)") }
}
