/// What is in the store. Reserving for an order that has its goods already changes nothing, so a message that comes twice
/// does no harm.
package actor Stock {
    package private(set) var items: [String: Int]
    private var reservations: Set<Int> = []

    package init(_ items: [String: Int]) { self.items = items }

    /// Whether the order has its goods.
    package func reserve(_ order: Order) -> Bool {
        if reservations.contains(order.id) { return true }
        guard let left = items[order.item], left >= order.quantity else { return false }
        items[order.item] = left - order.quantity
        reservations.insert(order.id)
        return true
    }
}
