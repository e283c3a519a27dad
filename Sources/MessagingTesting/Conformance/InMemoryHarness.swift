public import InMemoryBroker
public import Messaging

/// The in-memory broker under test: one server, killed and started at will.
public struct InMemoryHarness: ConformanceHarness {
    /// The server that every broker of this harness is connected to.
    public let memory: InMemoryServer
    /// What the brokers stand in for.
    public let profile: BrokerProfile
    /// How long a call may take before it is called a hang.
    public let patience: Duration
    /// Short: the in-memory broker hands out at once what a dead consumer held.
    public let redeliveryTimeout: Duration

    /// A harness with a server of its own, or with this one.
    public init(
        _ memory: InMemoryServer = InMemoryServer(), profile: BrokerProfile = .inMemory,
        patience: Duration = .seconds(10), redeliveryTimeout: Duration = .milliseconds(50)
    ) {
        self.memory = memory
        self.profile = profile
        self.patience = patience
        self.redeliveryTimeout = redeliveryTimeout
    }

    /// `inmemory`, or what it stands in for.
    public var name: String { profile.type.name }

    /// A connection of its own; killed, what it held counts as begun.
    public func launch() async throws -> BrokerProcess {
        let broker = InMemoryBroker(memory, profile: profile)
        return BrokerProcess(broker) { broker.crash() }
    }

    /// Kills and starts the server.
    public var server: ServerControl? {
        let memory = memory
        return ServerControl(crash: { memory.kill() }, restart: { memory.start() })
    }

    /// Counts what the server has; publishes over a connection of its own; and a server that is down stands in the way.
    public var surroundings: Surroundings {
        let (memory, profile) = (memory, profile)
        let down = ConnectionObstacle(.nothing, timeout: .milliseconds(500)) {
            let server = InMemoryServer()
            server.kill()
            return InMemoryBroker(server, profile: profile)
        }
        return Surroundings(
            inventory: { memory.inventory },
            publishForeign: { body, headers, destination in
                let stranger = InMemoryBroker(memory, profile: profile)
                try await stranger.connect { _ in }
                try await stranger.publish(Message(body, headers: headers), to: destination)
                await stranger.close(within: .zero)
            }, obstacles: [down])
    }
}
