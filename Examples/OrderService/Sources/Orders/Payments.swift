/// Takes the money for an order: once, however often it is asked with the same order.
public protocol Payments: Sendable {
    func charge(_ order: Order) async throws
}

/// The customer cannot pay: no repetition changes that.
public struct PaymentDeclined: Error {
    public init() {}
}
