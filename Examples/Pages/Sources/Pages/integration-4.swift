import Logging
import Messaging
import MessagingHub

func integration() async throws {
    let orders = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
    let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": orders])
    let logger = Logger(label: "orders")
    let environment = HubEnvironment(log: SwiftLogSink(logger: logger), metrics: SwiftMetricsSink())
    try await serve(configuration, in: environment, logger: logger)
    print("ended in order")
}
