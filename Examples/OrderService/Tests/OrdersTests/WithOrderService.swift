import Foundation
import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Orders

struct GatewayTimeout: Error {}

/// A provider of payments that does as the test says.
actor FakePayments: Payments {
    private(set) var calls = 0
    private(set) var charged: Set<Int> = []
    private let failures: Int
    private let declines: Bool

    /// The first so many calls fail.
    init(failing failures: Int = 0, declining declines: Bool = false) {
        self.failures = failures
        self.declines = declines
    }

    func charge(_ order: Order) throws {
        calls += 1
        if calls <= failures { throw GatewayTimeout() }
        if declines { throw PaymentDeclined() }
        charged.insert(order.id)
    }
}

/// Runs the service on the program's own configuration, in memory. With `ORDERS_LIVE=1` in the environment the same tests
/// run on the brokers that the configuration names, in real time.
func withOrderService(
    stock items: [String: Int], _ payments: FakePayments = FakePayments(),
    _ body: (TestHub, Stock, FakePayments) async throws -> Void
) async throws {
    let environment = ProcessInfo.processInfo.environment
    let file = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../orders.yaml").standardized.path
    let configuration = try HubConfiguration.load(path: file, environment: environment, profiles: [.inMemory])
    let stock = Stock(items)
    try await withTestHub(configuration, brokers: [.inMemory()], live: environment["ORDERS_LIVE"] == "1") { test in
        try await OrderService(hub: test.hub, stock: stock, payments: payments).start()
        try await body(test, stock, payments)
    }
}
