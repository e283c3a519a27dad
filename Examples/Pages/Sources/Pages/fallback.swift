import InMemoryBroker
import Messaging
import MessagingHub

func fallback() async throws {
    let server = InMemoryServer()
    let factory = BrokerFactory(.inMemory) { (name, _, environment) throws(BrokerError) -> any MessageBroker in
        InMemoryBroker(name == "main" ? server : InMemoryServer(time: environment.time), name: name)
    }
    var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    route.fallback = FallbackRoute("memory", divertsDurable: true)
    let configuration = HubConfiguration(
        brokers: ["main": BrokerConfiguration(.inMemory), "memory": BrokerConfiguration(.inMemory)],
        routes: ["orders": route])
    let log = LogCollector()
    try await withHub(configuration, brokers: [factory], environment: HubEnvironment(log: log)) { hub in
        try await hub.publish(Message("m1"), to: "orders")
        server.kill()
        for name in ["m2", "m3"] { try await hub.publish(Message(Body(name)), to: "orders") }
        print(hub.metrics().diverted, "messages are in memory only,", hub.metrics().fallbacks, "fallback")
        server.start()
        while !hub.isConnected("main") { try await Task.sleep(for: .milliseconds(10)) }
        try await hub.publish(Message("m4"), to: "orders")
        try await hub.subscribe(to: "orders") { _ in }
        while hub.metrics().handled < 4 { try await Task.sleep(for: .milliseconds(10)) }
        print(hub.metrics().handled, "messages are handled,", hub.metrics().diverted, "of them diverted")
    }
    for record in log.records where record.message.hasPrefix("fallback") { print(record.message) }
}
