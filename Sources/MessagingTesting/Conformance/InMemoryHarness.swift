public import InMemoryBroker
public import Messaging

/// The in-memory broker under test: one server, killed, frozen, cut off and started at will.
public struct InMemoryHarness: ConformanceHarness {
    /// The server that every broker of this harness is connected to.
    public let memory: InMemoryServer
    /// What the brokers stand in for.
    public let profile: BrokerProfile
    /// How long a call may take before it is called a hang.
    public let patience: Duration
    /// Short: the in-memory broker hands out at once what a dead consumer held.
    public let redeliveryTimeout: Duration

    /// A harness with a server of its own, whose heartbeat is 200 ms, or with this one.
    public init(
        _ memory: InMemoryServer = InMemoryServer(heartbeat: .milliseconds(200)), profile: BrokerProfile = .inMemory,
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
    public func launch() async throws -> LaunchedBroker {
        let broker = InMemoryBroker(memory, profile: profile)
        return LaunchedBroker(broker, kill: { broker.crash() }, link: broker)
    }

    /// The server's.
    public var heartbeat: Duration { memory.heartbeat }

    /// The server, simulated.
    public var server: (any BrokerProcess)? { memory }

    /// Counts what the server has; publishes over a connection of its own; permits and forbids; and a server that is down,
    /// or that never answers, stands in the way.
    public var surroundings: Surroundings {
        let (memory, profile) = (memory, profile)
        let down = ConnectionObstacle(.nothing, timeout: .milliseconds(500)) {
            let server = InMemoryServer()
            server.kill()
            return InMemoryBroker(server, profile: profile)
        }
        let blackHole = ConnectionObstacle(.blackHole, timeout: .milliseconds(300)) {
            let broker = InMemoryBroker(InMemoryServer(heartbeat: .milliseconds(200)), profile: profile)
            broker.blackHole()
            return broker
        }
        return Surroundings(
            inventory: { memory.inventory },
            publishForeign: { body, headers, destination in
                let stranger = InMemoryBroker(memory, profile: profile)
                try await stranger.connect { _ in }
                try await stranger.publish(Message(body, headers: headers), to: destination)
                await stranger.close(within: .zero)
            },
            permitReceiving: { isPermitted, destination in
                if isPermitted {
                    memory.permitReceiving(from: destination)
                } else {
                    memory.forbidReceiving(from: destination)
                }
            }, obstacles: [down, blackHole])
    }
}
