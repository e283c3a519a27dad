/// What is in the store. Reserving for an order that has its goods already changes nothing, so a message that comes twice
/// does no harm.
public actor Stock {
    public private(set) var items: [String: Int]
    private var reservations: Set<Int> = []

    public init(_ items: [String: Int]) { self.items = items }

    /// Whether the order has its goods.
    public func reserve(_ order: Order) -> Bool {
        if reservations.contains(order.id) { return true }
        guard let left = items[order.item], left >= order.quantity else { return false }
        items[order.item] = left - order.quantity
        reservations.insert(order.id)
        return true
    }
}
