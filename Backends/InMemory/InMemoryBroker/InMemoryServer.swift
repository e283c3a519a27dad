public import Messaging

/// The store of the in-memory broker: what a broker's process would be. Two brokers on one server are two processes.
///
/// It lives as long as this program. `kill()` and `start()` play the crash of a broker: what a real one would lose is lost,
/// what it would keep is kept.
public final class InMemoryServer: Sendable {
    let time: any TimeSource
    let settleLag: Duration
    let state: Lock<ServerState>
    /// Whether a crash undoes acceptances at all.
    let hasSettleLag: Bool

    /// A server, running and empty.
    /// - Parameters:
    ///   - time: its clock. Default: the machine's.
    ///   - settleLag: how far back `kill()` undoes acceptances. Default: not at all. What a `.forward` published stays,
    ///     since its receivers may have it already: its original comes again, and is forwarded again.
    ///   - maximumMessages: how many messages a destination holds where its declaration does not say. Default: 65,536.
    ///   - maximumBytes: how many bytes it holds then. Default: 256 MiB.
    public init(
        time: any TimeSource = SystemTime.shared, settleLag: Duration = .zero, maximumMessages: Int = 65_536,
        maximumBytes: Int = 256 << 20
    ) {
        self.time = time
        self.settleLag = settleLag
        hasSettleLag = settleLag > .zero
        state = Lock(
            ServerState(maximumMessages: maximumMessages, maximumBytes: maximumBytes, settleLag: settleLag))
    }

    /// Ends the server as SIGKILL ends a process: connections, holds, pubSub, unconfirmed publishes, transient messages,
    /// destinations declared non-durable and acceptances younger than `settleLag` are gone. Harmless when it is down.
    public func kill() {
        let uptime = time.uptime
        change { state, effects in state.kill(at: uptime, &effects) }
    }

    /// Starts it again with every confirmed durable message, group position and attempt. Harmless when it runs.
    public func start() { change { state, effects in state.start(&effects) } }

    /// Whether it runs.
    public var isRunning: Bool { state.withLock { $0.isRunning } }

    /// What it has: connections, queues, streams, groups, and consumers that have not left.
    package var inventory: [String: Int] {
        state.withLock { state in
            let places = state.places.values
            return [
                "connections": state.connections.count { $0.status == .up },
                "queues": places.count { if case .queue = $0 { true } else { false } },
                "streams": places.count { if case .stream = $0 { true } else { false } },
                "groups": state.streams.reduce(0) { $0 + $1.groups.count },
                "consumers": state.consumers.count { !$0.isVacant },
            ]
        }
    }

    /// Changes the state under the lock, then does what follows from it.
    @discardableResult
    func change<Result: Sendable>(_ body: (inout ServerState, inout Effects) -> Result) -> Result {
        var effects = Effects()
        let result = state.withLock { body(&$0, &effects) }
        effects.perform()
        return result
    }
}
