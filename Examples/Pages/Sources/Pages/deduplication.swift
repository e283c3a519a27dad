import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

func deduplication() async throws {
    var route = RouteConfiguration(TopicPattern("payments"), to: "main", as: .queue)
    route.deduplicate = DeduplicationPolicy(window: .seconds(3600), maximumKeys: 50_000, lease: .seconds(60))
    let configuration = HubConfiguration(
        brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["payments": route])

    try await withTestHub(configuration) { test in
        try await test.hub.subscribe(to: "payments") { [time = test.time] _ in try await time.sleep(for: .seconds(70)) }
        let payment = Message("7 crowns")
        func show(_ what: String) {
            let (runs, counters) = (test.topic("payments").runs.count, test.hub.metrics())
            print("\(what): runs \(runs), handled \(counters.handled), duplicates \(counters.duplicates)")
        }
        try await test.publish(payment, to: "payments")
        try await test.advance(by: .seconds(20))
        try await test.publish(payment, to: "payments")
        show("at 20 s a copy comes, and waits")
        try await test.advance(by: .seconds(48))
        show("at 68 s it waits, because the lease was renewed")
        try await test.advance(by: .seconds(12))
        show("at 80 s its original is done")
        try await test.advance(by: .seconds(3600))
        try await test.publish(payment, to: "payments")
        try await test.advance(by: .seconds(80))
        show("after the window a copy is new")
    }
}
