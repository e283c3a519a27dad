import Messaging
import MessagingReliability

/// The ways of publishing, one for each topic, made and declared when a topic is used for the first time.
final class Publishers: Sendable {
    private enum Door: Sendable {
        case notYet
        case open
        case closed
    }

    private struct State: Sendable {
        var door = Door.notYet
        var known: [Topic: Publisher] = [:]
        /// The one that was asked for last, because the next is most often the same.
        var last: Publisher?
    }

    /// How many topics are kept at hand; beyond that they are looked up, and declared, anew.
    static let capacity = 4096
    let table: RouteTable
    let brokers: [BrokerName: any MessageBroker]
    let counters = HubCounters()
    let log: BufferedLog
    private let environment: HubEnvironment
    private let state = Lock(State())

    init(
        _ table: RouteTable, _ brokers: [BrokerName: any MessageBroker], _ environment: HubEnvironment,
        _ log: BufferedLog
    ) {
        self.table = table
        self.brokers = brokers
        self.environment = environment
        self.log = log
    }

    /// From now on there is somebody to publish to.
    func open() { state.withLock { if $0.door == .notYet { $0.door = .open } } }

    /// From now on there is nobody any more.
    func close() { state.withLock { $0 = State(door: .closed) } }

    /// The publisher of a topic that was used before.
    func known(_ topic: Topic) -> Publisher? {
        state.withLock { state in
            if let last = state.last, last.destination.topic == topic { return last }
            state.last = state.known[topic]
            return state.last
        }
    }

    /// The publisher of a topic. `.noSuchDestination` where no route matches.
    func publisher(of topic: Topic) async throws(BrokerError) -> Publisher {
        if let known = known(topic) { return known }
        switch state.withLock({ $0.door }) {
        case .open: break
        case .notYet: throw BrokerError(.notConnected, "the hub does not run; call run() or use withHub")
        case .closed: throw .ended(.closed, "the hub was shut down; make a new one")
        }
        if let problem = topic.problem { throw problem }
        guard let route = table.route(of: topic), let broker = brokers[route.configuration.place] else {
            throw BrokerError(.noSuchDestination, "no route matches topic \(topic); add one to the configuration")
        }
        try route.checkUse(.publish, of: topic.name)
        try await declare(topic, route)
        let observer = observer(of: topic.name, route.configuration.kind, on: broker, group: nil)
        let destination = Destination(topic, route.configuration.kind)
        let publisher = Publisher(
            broker, destination, route.configuration, time: environment.time, counters: counters, observer: observer,
            circuit: circuit(of: destination, route.configuration, on: broker, observer),
            policies: environment.policies, random: environment.random)
        let known = state.withLock { state -> Publisher? in
            if let known = state.known[topic] { return known }
            if state.known.count >= Self.capacity { state.known = [:] }
            if state.door == .open { state.known[topic] = publisher }
            return nil
        }
        if let known { return known }
        if let warning = route.deprecation(.publish, of: topic.name, at: environment.time.now) { log.log(warning) }
        return publisher
    }

    /// Makes what a topic needs: itself, its dead-letter destination, a further group of a stream. A topic that its broker
    /// cannot carry is refused here, once for all of its publishers and subscribers.
    func declare(_ topic: Topic, _ route: Route, adding group: GroupName? = nil) async throws(BrokerError) {
        if let refusal = brokers[route.configuration.place]?.limits.refusal(of: topic) { throw refusal }
        for (name, declaration) in try HubAssembly.declarations(of: topic, route, in: table, adding: group) {
            try await brokers[name]?.declare([declaration])
        }
    }

    private func circuit(
        of destination: Destination, _ route: RouteConfiguration, on broker: any MessageBroker, _ observer: HubObserver
    ) -> PublishCircuit? {
        route.publishBreaker.map { policy in
            let breaker = CircuitBreaker(
                deciding: environment.policies.circuit(policy), time: environment.time,
                changed: observer.watching("publish", policy))
            return PublishCircuit(breaker, for: destination, at: broker.name, time: environment.time)
        }
    }

    /// The outermost stage for a destination.
    func observer(
        of label: String, _ kind: DestinationKind, on broker: any MessageBroker, group: GroupName?
    ) -> HubObserver {
        HubObserver(of: label, kind: kind, on: broker, group: group, environment: environment, log: log)
    }
}
