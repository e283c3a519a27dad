/// Takes the money for an order: once, however often it is asked with the same order.
package protocol Payments: Sendable {
    func charge(_ order: Order) async throws
}

/// The customer cannot pay: no repetition changes that.
package struct PaymentDeclined: Error {
    package init() {}
}
