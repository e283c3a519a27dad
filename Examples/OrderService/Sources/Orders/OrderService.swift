import Messaging
import MessagingHub

/// Reserves the goods of an order, takes the money, and tells the customer.
///
/// Each step publishes the next one before it returns. Where a step fails, it runs again as its route says; where it was
/// repeated though it had worked, stock and payments know the order already.
package struct OrderService: Sendable {
    let hub: MessageHub
    let stock: Stock
    let payments: any Payments

    package init(hub: MessageHub, stock: Stock, payments: any Payments) {
        self.hub = hub
        self.stock = stock
        self.payments = payments
    }

    /// Begins to handle orders; they are handled as long as the hub runs.
    package func start() async throws {
        try await hub.subscribe(to: Topics.placed) { order, _ in try await reserve(order) }
        try await hub.subscribe(to: Topics.reserved) { order, _ in try await pay(order) }
        try await hub.subscribe(to: Topics.confirmed) { order, _ in try await tell(order, "confirmed") }
    }

    private func reserve(_ order: Order) async throws {
        if await stock.reserve(order) {
            try await hub.publish(order, to: Topics.reserved)
        } else {
            try await tell(order, "rejected: \(order.quantity) of \(order.item) are not in stock")
        }
    }

    private func pay(_ order: Order) async throws {
        do { try await payments.charge(order) } catch is PaymentDeclined {
            try await tell(order, "rejected: the payment was declined")
            // Not tried again: it goes to orders.reserved.dead, for somebody to look at.
            throw Reject("payment declined")
        }
        try await hub.publish(order, to: Topics.confirmed)
    }

    private func tell(_ order: Order, _ text: String) async throws {
        try await hub.publish(Notice(order: order.id, text: text), to: Topics.notices)
    }
}
