public import Messaging

/// One connection to an `InMemoryServer`: the reference for every other backend.
///
/// It can take on the limits of another broker: `InMemoryBroker(profile: .rabbitMQ)` refuses what RabbitMQ would refuse.
///
/// Priorities are fair: of 16 deliveries of a queue at least one goes to the oldest message that waits, whatever its
/// priority. `capabilities.priorityOrder` says the same.
///
/// What reaches a destination by a binding is that destination's from then on: its deliveries, and its dead letters,
/// name the destination that they were received from, not the topic that they were published to.
public final class InMemoryBroker: MessageBroker {
    /// The broker's name in the configuration.
    public let name: BrokerName
    /// `inmemory`, whatever profile it has.
    public let type = BrokerType.inMemory
    /// What the in-memory broker can do, as far as the profile's broker can too.
    public let capabilities: BrokerCapabilities
    /// Those of the profile.
    public let limits: BrokerLimits
    let server: InMemoryServer
    let connection: Int
    private let before = CacheLines()
    let doors = Lock(Doors())
    private let after = CacheLines()

    /// A broker on a server of its own, or on one that it shares. Nothing is connected yet.
    public init(
        _ server: InMemoryServer = InMemoryServer(), name: BrokerName = "memory", profile: BrokerProfile = .inMemory
    ) {
        self.name = name
        self.server = server
        capabilities = BrokerCapabilities.inMemory.limited(by: profile.capabilities)
        let limits = profile.limits.with { $0.settleLag = server.settleLag }
        self.limits = limits
        connection = server.state.withLock { [capabilities] state in
            state.connections.place(ServerState.Connection(limits: limits, capabilities: capabilities))
        }
    }

    deinit {
        server.change { state, effects in
            state.disconnect(connection, counting: 0, &effects)
            state.connections[connection].status = .vacant
        }
        server.restIfAlone()
    }

    /// Connects; throws `.unavailable` while the server is down, `.ended` after `close`.
    public func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try await server.greet(connection)
        let problem: BrokerError? = server.change { state, effects in
            let status = state.connections[connection].status
            guard status == .fresh || status == .up else {
                return .ended(.closed, "this broker is closed; make a new one")
            }
            if state.phase == .down { return BrokerError(.unavailable, "the in-memory server is down; start it") }
            guard state.connections[connection].link != .refused, !state.connections[connection].isLost else {
                return BrokerError(.unavailable, "the link to the in-memory server is refused; restore it")
            }
            let reporter = Reporter(reporting)
            state.connections[connection].report = reporter
            state.connections[connection].status = .up
            if status == .fresh { effects.report(.up, to: reporter) }
            state.lookLater(&effects)
            return nil
        }
        if let problem { throw problem.during(.connect) }
    }

    /// Makes what is missing; `.conflict` says what exists otherwise, `.unsupported` what the profile's broker cannot do.
    public func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        for declaration in declarations {
            let refusal = limits.refusal(of: declaration) ?? capabilities.refusal(of: declaration)
            if let refusal { throw refusal.during(.declare) }
        }
        try await server.answers(connection, during: .declare)
        let problem: BrokerError? = server.change { state, effects in
            if let problem = state.problem(with: connection) { return problem }
            if let problem = state.declare(declarations, &effects) { return problem }
            for declaration in declarations {
                state.connections[connection].declared[declaration.destination] = declaration
            }
            return nil
        }
        if let problem { throw problem.during(.declare) }
    }

    /// A consumer that receives from now on.
    public func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        if subscription.maxHold > limits.maxHold || subscription.maxHold <= .zero {
            throw BrokerError(
                .invalidArgument,
                "\(subscription.label): maxHold of \(subscription.maxHold) is out of range; at most \(limits.maxHold)",
                during: .subscribe)
        }
        try await server.answers(connection, during: .subscribe)
        let cells = HoldCells(count: subscription.kind == .pubSub ? 0 : max(1, min(subscription.window, 1 << 20)))
        let id = server.change { state, effects in
            state.subscribe(subscription, by: connection, cells: cells, &effects)
        }
        switch id {
        case .success(let id): return InMemoryConsumer(id, cells: cells, subscription: subscription, broker: self)
        case .failure(let error): throw error
        }
    }

    /// Connected, down with the server, or closed; and what each subscription has met.
    public func health() async -> BrokerHealth { server.state.withLock { $0.health(of: connection) } }

    /// Cancels every consumer and disconnects, at once; `grace` is not needed.
    public func close(within grace: Duration) async { disconnect(counting: 0) }

    /// Ends this connection as SIGKILL ends a process: what its consumers hold comes again with attempt + 1.
    public func crash() { disconnect(counting: 1) }

    private func disconnect(counting runs: Int32) {
        doors.withLock { $0.close() }
        server.change { state, effects in state.disconnect(connection, counting: runs, &effects) }
        server.replies.close(connection)
        server.restIfAlone()
    }

    /// Depth, purge and delete.
    public var topology: (any TopologyAdministration)? { InMemoryTopology(broker: self) }
    /// Reading a stream from a position; nil where the profile's broker cannot.
    public var replay: (any Replaying)? { capabilities.can(.replay, on: .stream) ? InMemoryReplay(broker: self) : nil }
    /// Until the process ends, whatever the broker that it stands in for would keep.
    public var durability: BrokerDurability? {
        BrokerDurability(until: .process, "the in-memory broker lives as long as its process")
    }
    /// Requests whose replies come straight to who asked; nil where the profile's broker has none of its own.
    public var requests: (any Requesting)? {
        DestinationKind.allCases.contains { capabilities.can(.request, on: $0) } ? InMemoryRequests(broker: self) : nil
    }
}

extension BrokerFactory {
    /// The in-memory broker: each on a server of its own, or all on this one.
    public static func inMemory(_ server: InMemoryServer? = nil) -> BrokerFactory {
        BrokerFactory(.inMemory) { (name, values, environment) throws(BrokerError) -> any MessageBroker in
            let configuration = InMemoryConfiguration(values)
            let own = server ?? configuration.server(on: environment.time)
            return InMemoryBroker(own, name: name, profile: configuration.profile)
        }
    }
}
