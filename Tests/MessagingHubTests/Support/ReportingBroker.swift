import Messaging
import MessagingHub

/// A broker that reports what a test has it report, once it is connected.
final class ReportingBroker: BrokerDecorator {
    let base: any MessageBroker = FakeBroker()
    private let reporting = Lock<@Sendable (BrokerEvent) -> Void>({ _ in })

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        self.reporting.withLock { $0 = reporting }
        reporting(.up)
    }

    func report(_ events: BrokerEvent...) { for event in events { reporting.withLock { $0 }(event) } }

    /// Runs a hub with a route to it while `body` does.
    func withHub<Result: Sendable>(
        _ environment: HubEnvironment, _ body: (MessageHub) async throws -> Result
    ) async throws -> Result {
        let profile = BrokerProfile(
            type: type, scheme: "fake", options: OptionGroup([]), capabilities: capabilities, limits: limits)
        let factory = BrokerFactory(profile) { (_, _, _) throws(BrokerError) -> any MessageBroker in self }
        let configuration = HubConfiguration(
            brokers: ["fake": BrokerConfiguration("fake")],
            routes: ["orders": RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)])
        return try await MessagingHub.withHub(configuration, brokers: [factory], environment: environment, body)
    }
}
