import Messaging

/// What a customer wants.
public struct Order: Codable, Hashable, Sendable {
    public let id: Int
    public let item: String
    public let quantity: Int

    public init(id: Int, item: String, quantity: Int) {
        self.id = id
        self.item = item
        self.quantity = quantity
    }
}

/// What a customer is told.
public struct Notice: Codable, Hashable, Sendable {
    public let order: Int
    public let text: String
}

/// The topics. Which broker serves each is said in orders.yaml.
public enum Topics {
    public static let placed = TypedTopic<Order>("orders.placed")
    public static let reserved = TypedTopic<Order>("orders.reserved")
    public static let confirmed = TypedTopic<Order>("orders.confirmed")
    public static let notices = TypedTopic<Notice>("notices")
}
