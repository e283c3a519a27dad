import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

private struct OutOfStock: Error {}

func retryBudget() async throws {
    var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    route.retry = RetryPolicy(attempts: 5, delay: .seconds(1))
    route.retryBudget = 3
    let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])

    try await withTestHub(configuration) { test in
        try await test.hub.subscribe(to: "orders") { if $0.attempt == 1 { throw OutOfStock() } }
        for (name, pause) in [("m1", 5), ("m2", 5), ("m3", 5), ("m4", 46), ("m5", 5)] {
            try await test.publish(Message(Body(name)), to: "orders")
            try await test.advance(by: .seconds(pause))
        }
        let record = test.topic("orders")
        for run in record.runs { print("\(run.time): \(run.message.body.text ?? "") attempt \(run.attempt)") }
        for letter in record.deadLettered {
            print("\(letter.time): \(letter.message.body.text ?? "") \(letter.reason.rawValue)")
        }
    }
}
