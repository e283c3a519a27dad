import InMemoryBroker
import Messaging
import MessagingHub

func lifecycles() async throws {
    let orders = RouteConfiguration(TopicPattern("orders.created"), to: "main", as: .queue)
    var (old, older) = (orders, orders)
    old.pattern = TopicPattern("orders.new")
    old.lifecycle = .deprecated(replacement: "orders.created")
    older.pattern = TopicPattern("neworders")
    older.lifecycle = .retired(replacement: "orders.created")
    let configuration = HubConfiguration(
        brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": orders, "old": old, "older": older])
    let log = LogCollector()
    try await withHub(configuration, brokers: [.inMemory()], environment: HubEnvironment(log: log)) { hub in
        for topic in ["orders.created", "orders.new", "orders.new", "neworders"] as [Topic] {
            do {
                try await hub.publish(Message("one"), to: topic)
                print("published to", topic)
            } catch {
                print(error)
            }
        }
    }
    for record in log.records where record.level == .warning {
        print("logged:", record.message, record["messaging.destination.name"] ?? "")
    }
}
