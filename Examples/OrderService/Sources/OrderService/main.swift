import InMemoryBroker
import Messaging
import MessagingHub
import Orders

struct GatewayTimeout: Error {}

/// A provider of payments that is out of order when it is asked first, and declines one customer.
actor DemoPayments: Payments {
    private var isUp = false

    func charge(_ order: Order) throws {
        defer { isUp = true }
        if !isUp { throw GatewayTimeout() }
        if order.id == 3 { throw PaymentDeclined() }
    }
}

let path = CommandLine.arguments.dropFirst().first ?? "orders.yaml"
let configuration = try HubConfiguration.load(path: path, environment: [:], profiles: [.inMemory])
try await withHub(configuration, brokers: [.inMemory()]) { hub in
    let (notices, told) = AsyncStream.makeStream(of: Notice.self)
    try await hub.subscribe(to: Topics.notices) { notice, _ in told.yield(notice) }
    try await OrderService(hub: hub, stock: Stock(["lamp": 5]), payments: DemoPayments()).start()
    var answers = notices.makeAsyncIterator()
    for (id, quantity) in [(1, 2), (2, 7), (3, 1)] {
        try await hub.publish(Order(id: id, item: "lamp", quantity: quantity), to: Topics.placed)
        if let notice = await answers.next() { print("order \(notice.order) was \(notice.text)") }
    }
}
