import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

private struct Order: Codable, Sendable { let total: Int }
private struct OutOfStock: Error {}

func retries() async throws {
    var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    route.timeout = .seconds(30)
    route.retry = RetryPolicy(attempts: 4, delay: .seconds(1))
    route.retryByType["order.cancelled"] = RetryPolicy(attempts: 1)
    route.deadLetter = .topic("orders.dead")
    let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])

    try await withTestHub(configuration) { test in
        let orders = TypedTopic<Order>("orders")
        try await test.hub.subscribe(to: orders) { [time = test.time] order, delivery in
            guard order.total > 0 else { throw Reject("an order of \(order.total) is none") }
            if delivery.attempt == 3 { try await time.sleep(for: .seconds(3600)) }
            throw OutOfStock()
        }
        try await test.publish(Order(total: 7), to: orders)
        try await test.advance(by: .seconds(60))
        try await test.publish(Order(total: 0), to: orders)

        let record = test.topic("orders")
        for run in record.runs { print("\(run.time): attempt \(run.attempt)") }
        for letter in record.deadLettered { print("\(letter.time): \(letter.reason.rawValue): \(letter.error ?? "")") }
    }
}
