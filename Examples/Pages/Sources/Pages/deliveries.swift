import InMemoryBroker
import Messaging
import MessagingHub

private struct Order: Codable, Sendable { let id: Int }

/// Handles orders one after the other, until there have been so many.
private func work(_ hub: MessageHub, upTo limit: Int) async throws -> Int {
    try await hub.deliveries(of: "orders") { deliveries in
        var handled = 0
        for try await delivery in deliveries {
            let outcome = try await delivery.handle(as: Order.self) { order, _ in print("order", order.id) }
            if outcome == .handled { handled += 1 }
            if handled == limit { break }
        }
        return handled
    }
}

/// Handles four at once.
private func workTogether(_ hub: MessageHub) async throws {
    try await hub.deliveries(of: "orders", concurrency: 4) { deliveries in
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for try await delivery in deliveries {
                        try await delivery.handle { _ in try await Task.sleep(for: .milliseconds(10)) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

func deliveries() async throws {
    let route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])
    try await withHub(configuration, brokers: [.inMemory()]) { hub in
        for id in 1...3 { try await hub.publish(Order(id: id), to: TypedTopic<Order>("orders")) }
        print(try await work(hub, upTo: 2), "handled")
        try await hub.deliveries(of: "orders") { deliveries in
            for try await delivery in deliveries {
                print(delivery.message.body.text ?? "", "is left, at attempt", delivery.attempt)
                break
            }
        }
        for id in 4...6 { try await hub.publish(Order(id: id), to: TypedTopic<Order>("orders")) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await workTogether(hub) }
            while hub.metrics().handled < 6 { try await Task.sleep(for: .milliseconds(10)) }
            group.cancelAll()
        }
        print(hub.metrics().handled, "handled in all")
    }
}
