import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

/// Brokers in memory, each on a server of its own that can be killed.
struct FallbackServers {
    let all: [BrokerName: InMemoryServer]
    let log = LogCollector()
    let metrics = MetricsCollector()
    let time: any TimeSource
    var configuration: HubConfiguration
    /// What stands before some of them.
    var before: [BrokerName: @Sendable (any MessageBroker) -> any MessageBroker] = [:]

    init(_ names: BrokerName..., on time: any TimeSource = SystemTime.shared) {
        self.time = time
        all = Dictionary(uniqueKeysWithValues: names.map { ($0, InMemoryServer(time: time)) })
        let brokers = names.map { ($0, BrokerConfiguration(.inMemory)) }
        configuration = HubConfiguration(brokers: Dictionary(uniqueKeysWithValues: brokers), routes: [:])
    }

    subscript(name: BrokerName) -> InMemoryServer { all[name] ?? InMemoryServer() }

    /// Adds a route of this topic, to a broker for which another one may stand in.
    mutating func route(
        _ topic: Topic, to broker: BrokerName = "main", orTo spare: BrokerName? = "spare",
        _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) {
        var route = RouteConfiguration(TopicPattern(topic), to: broker, as: .queue)
        route.fallback = spare.map { FallbackRoute($0, divertsDurable: true) }
        route.publishRetry.delay = .milliseconds(1)
        edit(&route)
        configuration.routes[RouteName(topic.name)] = route
    }

    /// Runs a hub while `body` does.
    func run(_ body: (MessageHub) async throws -> Void) async throws {
        let factory = BrokerFactory(.inMemory) { [all, before] name, _, environment throws(BrokerError) in
            let broker = InMemoryBroker(all[name] ?? InMemoryServer(time: environment.time), name: name)
            return before[name]?(broker) ?? broker
        }
        let environment = HubEnvironment(time: time, log: log, logLevel: .info, metrics: metrics)
        try await withHub(configuration, brokers: [factory], environment: environment, body)
    }

    /// How much waits in a queue of one of them.
    func waiting(_ topic: Topic, at name: BrokerName) async throws -> Int {
        let broker = InMemoryBroker(self[name])
        try await broker.connect { _ in }
        let depth = try await broker.topology?.depth(of: .queue(topic), group: nil)
        await broker.close(within: .zero)
        return depth?.waiting ?? 0
    }

    /// What the log says of fallbacks, in order.
    var changes: [String] { log.records.map(\.message).filter { $0.hasPrefix("fallback") } }
}
