import Messaging

/// What a customer wants.
package struct Order: Codable, Hashable, Sendable {
    package let id: Int
    package let item: String
    package let quantity: Int

    package init(id: Int, item: String, quantity: Int) {
        self.id = id
        self.item = item
        self.quantity = quantity
    }
}

/// What a customer is told.
package struct Notice: Codable, Hashable, Sendable {
    package let order: Int
    package let text: String
}

/// The topics. Which broker serves each is said in orders.yaml.
package enum Topics {
    package static let placed = TypedTopic<Order>("orders.placed")
    package static let reserved = TypedTopic<Order>("orders.reserved")
    package static let confirmed = TypedTopic<Order>("orders.confirmed")
    package static let notices = TypedTopic<Notice>("notices")
}
