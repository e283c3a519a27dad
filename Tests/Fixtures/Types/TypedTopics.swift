import Messaging
import MessagingHub

// Read by `scripts/check-types`. What has an error named behind it must not compile, for that reason; the rest must.

struct Order: Codable, Sendable { let id: Int }
struct Bill: Codable, Sendable { let id: Int }

let orders = TypedTopic<Order>("orders")

func publishing(on hub: MessageHub) async throws {
    try await hub.publish(Order(id: 1), to: orders)
    try await hub.publish(Order(id: 1), to: TypedTopic<Order>("orders"))
    try await hub.publish(Bill(id: 1), to: orders)  // expected-error {{cannot convert value of type 'Bill'}}
    try await hub.publish(Bill(id: 1), to: "orders")  // expected-error {{cannot convert value of type 'String'}}
}

func subscribing(on hub: MessageHub) async throws {
    try await hub.subscribe(to: orders) { order, _ in print(order.id) }
    try await hub.subscribe(to: orders) { (_: Bill, _) in }  // expected-error {{(Bill, Delivery) -> ()}}
    try await hub.subscribe(to: "orders") { (_: Bill, _) in }  // expected-error {{value of type 'String'}}
}
