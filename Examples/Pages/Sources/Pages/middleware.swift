import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

private struct OutOfStock: Error {}

/// Says for which tenant a message is, unless it says so itself, and refuses what is for another one.
private struct Tenancy: Middleware {
    let tenant: String

    func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        var call = call
        for index in call.messages.indices where call.messages[index].headers["tenant"] == nil {
            call.messages[index].headers["tenant"] = tenant
        }
        return try await next(call)
    }

    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        if call.delivery.message.headers["tenant"] != tenant { throw Reject("not for \(tenant)") }
        return try await next(call)
    }
}

func middlewares() async throws {
    var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    route.retry = RetryPolicy(attempts: 2, delay: .seconds(1))
    let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])
    let log = LogCollector()
    let options = TestHubOptions(middlewares: [LoggingMiddleware(to: log), Tenancy(tenant: "north")])

    try await withTestHub(configuration, options: options) { test in
        try await test.hub.subscribe(to: "orders") { delivery in
            if delivery.attempt == 1 { throw OutOfStock() }
            print(delivery.message.body.text ?? "", "for", delivery.message.headers["tenant"] ?? "nobody")
        }
        try await test.publish(Message("one book"), to: "orders")
        try await test.advance(by: .seconds(1))
        try await test.publish(Message("one lamp", headers: ["tenant": "south"]), to: "orders")
        for record in log.records {
            let facts = [record.message, record["hub.attempt"].map { "attempt \($0)" }, record["error"]]
            print("logged:", facts.compactMap(\.self).joined(separator: ", "))
        }
        for letter in test.topic("orders").deadLettered { print("dead letter:", letter.reason) }
    }
}
