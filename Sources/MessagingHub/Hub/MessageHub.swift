public import Messaging
import MessagingReliability
import Synchronization

/// The hub: publishes to topics and runs handlers for them; which broker serves a topic is in its configuration.
///
/// It connects and works while `run()` does, which `withHub` calls for you. Publishing before that waits for it, up to
/// the route's publish deadline. All calls may come from any task; no order of calls traps.
public final class MessageHub: Sendable {
    enum Phase: Hashable, Sendable {
        case idle
        case starting
        case running
        case stopping
        case closed
    }

    /// What it was told.
    public let configuration: HubConfiguration
    let table: RouteTable
    let brokers: [BrokerName: any MessageBroker]
    let factories: [BrokerFactory]
    let environment: HubEnvironment
    let telemetry: HubTelemetry
    let log: BufferedLog
    let deduplication: any DeduplicationStore
    let publishers: Publishers
    let watch: BrokerWatch
    let promiseWatch = PromiseWatch()
    let requests: Requests
    let middlewares: MiddlewareChain?
    let terms: HubSubscription.Terms
    let phase = Lock(Phase.idle)
    /// Subscriptions that wait for the hub to run them.
    let arrivals = Arrivals<HubSubscription>()
    /// Fires when it runs, or when it is known that it will not.
    let settled = Signal()
    let stopping = Signal()
    let closed = Signal()

    /// A hub of this configuration, with the types of brokers that the program registers. Connects to nothing.
    ///
    /// Throws a `ConfigurationError` with every problem at once: a type that is not registered, options that are
    /// wrong, a route without its broker, routes that no topic can tell apart, needs that a broker cannot meet.
    public init(
        _ configuration: HubConfiguration, brokers factories: [BrokerFactory], environment: HubEnvironment = .init()
    ) throws {
        self.configuration = configuration
        telemetry = HubTelemetry(environment, configuration.log)
        let environment = telemetry.queued(environment)
        self.environment = environment
        log = telemetry.log
        deduplication = environment.deduplication ?? MemoryDeduplicationStore(on: environment.time)
        self.factories = factories
        brokers = try HubAssembly.brokers(
            of: configuration, factories, environment, log, standsIn: promiseWatch.ring)
        table = try RouteTable(configuration.routes)
        publishers = Publishers(table, brokers, environment, log)
        watch = BrokerWatch(log, publishers.counters, time: environment.time)
        requests = Requests(configuration.requests, arrivals: arrivals, environment, log)
        middlewares = MiddlewareChain(environment.middlewares)
        terms = HubSubscription.Terms(grace: configuration.grace, environment)
    }

    /// What it has counted.
    public func metrics() -> HubMetrics {
        var metrics = publishers.counters.snapshot
        metrics.requests = requests.counters.snapshot
        metrics.deduplicationEvicted = deduplication.evictedCount
        metrics.add(pairs)
        telemetry.addLosses(to: &metrics)
        return metrics
    }

    /// Its clock.
    package var time: any TimeSource { environment.time }

    /// Whether it runs, connected to all of its brokers.
    public var isRunning: Bool { phase.withLock { $0 == .running } }

    /// Whether this broker is connected; false also when there is none of this name.
    public func isConnected(_ broker: BrokerName) -> Bool {
        watch.isConnected(broker) || isRunning && pairs.contains { $0.half(broker)?.isUp == true }
    }

    /// The broker of this name as it is configured: its type, capabilities and limits.
    public func broker(_ name: BrokerName) -> (any MessageBroker)? {
        brokers[name] ?? pairs.lazy.compactMap { $0.half(name)?.broker }.first
    }

    /// The route that a topic takes; nil when there is none.
    public func route(of topic: Topic) -> RouteConfiguration? { table.route(of: topic)?.configuration }

    /// Where the dead letters of a topic go, whoever sends them there; nil where they stay, or are dropped.
    public func deadLetterTopic(of topic: Topic) -> Topic? {
        guard let route = table.route(of: topic) else { return nil }
        return (try? route.deadLetterTopic(of: topic)) ?? route.namedDeadLetterTopic
    }

    /// How it is, each broker asked. A broker and the one that stands in for it are one, `main+spare`, degraded while that
    /// is in use.
    public func health() async -> HubHealth {
        var health = HubHealth(isRunning: isRunning, brokers: [:], alarms: watch.alarms)
        for (name, broker) in brokers { health.brokers[name] = await broker.health() }
        return health
    }

    /// Throws unless it runs and every broker is connected; the sentence names those that are not.
    public func healthCheck() async throws {
        let health = await health()
        if !health.isRunning { throw BrokerError(.notConnected, "the hub does not run; call run() or use withHub") }
        let down = health.brokers.filter { $0.value.state == .disconnected || $0.value.state == .closed }
        if down.isEmpty { return }
        let names = down.sorted { $0.key.name < $1.key.name }.map { name, broker in
            "broker \(name) is \(broker.state.rawValue)\(broker.reason.map { ", \($0)" } ?? "")"
        }
        throw BrokerError(.notConnected, names.joined(separator: "; "))
    }
}

/// How a hub is.
public struct HubHealth: Sendable {
    /// Whether it runs.
    public var isRunning: Bool
    /// How each broker is.
    public var brokers: [BrokerName: BrokerHealth]
    /// What stands wrong and waits for somebody, by the label of its subscription, while that has not ended.
    public var alarms: [String: String]
}
