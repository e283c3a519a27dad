import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

private struct OutOfStock: Error {}

func circuitBreakers() async throws {
    var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    route.concurrency = 1
    route.retry = RetryPolicy(backoff: .constant, delay: .seconds(10))
    route.breaker = CircuitBreakerPolicy(failures: 3, reset: .seconds(30))
    route.publishBreaker = CircuitBreakerPolicy(reset: .seconds(10))
    let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])

    try await withTestHub(configuration) { test in
        let (time, start) = (test.time, test.time.uptime)
        let orders = try await test.hub.subscribe(to: "orders") { _ in
            if time.uptime < start + .seconds(60) { throw OutOfStock() }
        }
        for name in ["m1", "m2", "m3", "m4"] {
            try await test.publish(Message(Body(name)), to: "orders")
            print(name, orders.circuit?.rawValue ?? "")
            try await test.advance(by: .seconds(1))
        }
        try await test.advance(by: .seconds(60))
        for run in test.topic("orders").runs {
            let end = run.outcome == .handled ? "handled" : "failed"
            print("\(run.time): \(run.message.body.text ?? "") attempt \(run.attempt) \(end)")
        }
        print(orders.circuit?.rawValue ?? "")

        // One for a program's own calls.
        let stock = CircuitBreaker(CircuitBreakerPolicy(failures: 1), time: time)
        for _ in 1...2 {
            do { try await stock.execute { throw OutOfStock() } } catch { print(error) }
        }
    }
}
