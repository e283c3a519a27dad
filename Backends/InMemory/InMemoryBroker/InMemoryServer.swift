public import Messaging

/// The store of the in-memory broker: what a broker's process would be. Two brokers on one server are two processes.
///
/// It lives as long as this program. What signals do to a broker's process is played: `stop()`, `kill()` and `start()` (what
/// a real one would lose is lost, what it would keep is kept), `freeze()` and `thaw()`.
public final class InMemoryServer: Sendable {
    let time: any TimeSource
    let settleLag: Duration
    /// The interval in which its connections show that they are alive. One that has been silent for one and a half of them
    /// is lost.
    public let heartbeat: Duration
    let state: Lock<ServerState>
    /// Where replies to requests go.
    let replies = ReplyAddresses()
    /// Whether a crash undoes acceptances at all.
    let hasSettleLag: Bool
    let clockwork = Lock(Clockwork())

    /// A server, running and empty.
    /// - Parameters:
    ///   - time: its clock. Default: the machine's.
    ///   - settleLag: how far back `kill()` undoes acceptances. Default: not at all. What a `.forward` published stays,
    ///     since its receivers may have it already: its original comes again, and is forwarded again.
    ///   - heartbeat: how often its connections show that they are alive. Default: 1 s.
    ///   - maximumMessages: how many messages a destination holds where its declaration does not say. Default: 65,536.
    ///   - maximumBytes: how many bytes it holds then. Default: 256 MiB.
    public init(
        time: any TimeSource = SystemTime.shared, settleLag: Duration = .zero, heartbeat: Duration = .seconds(1),
        maximumMessages: Int = 65_536, maximumBytes: Int = 256 << 20
    ) {
        self.time = time
        self.settleLag = settleLag
        self.heartbeat = heartbeat
        hasSettleLag = settleLag > .zero
        state = Lock(
            ServerState(maximumMessages: maximumMessages, maximumBytes: maximumBytes, settleLag: settleLag))
    }

    /// Ends the server as SIGKILL ends a process: connections, holds, pubSub, unconfirmed publishes, transient messages,
    /// destinations declared non-durable and acceptances younger than `settleLag` are gone. Harmless when it is down.
    public func kill() {
        let uptime = time.uptime
        change { state, effects in state.end(at: uptime, undoing: true, "killed", &effects) }
    }

    /// Ends the server as SIGTERM ends a process: as `kill()`, but no acceptance is undone. Harmless when it is down.
    public func stop() {
        let uptime = time.uptime
        change { state, effects in state.end(at: uptime, undoing: false, "stopped", &effects) }
    }

    /// Starts it again with every confirmed durable message, group position and attempt. Harmless when it runs.
    public func start() { change { state, effects in state.start(&effects) } }

    /// Holds the server as SIGSTOP holds a process: connections stay open, and every call of each waits. One that has
    /// waited for one and a half heartbeats reports `down`, loses what it holds, and does not know what became of what it
    /// published meanwhile. Harmless when it is frozen or down.
    public func freeze() {
        let silent = state.withLock { $0.freeze() }
        noticeLater(silent)
    }

    /// Lets it go on as SIGCONT does: what waited is answered, and connections that were lost come up. Harmless when it
    /// is not frozen.
    public func thaw() { change { state, effects in state.thaw(&effects) } }

    /// Takes away the permission to receive from a destination, from every connection: its consumers give back what they
    /// hold and end as `unauthorized`, and nobody subscribes to it. Those of a pattern and of another destination go on.
    public func forbidReceiving(from destination: Destination) {
        change { state, effects in state.forbidReceiving(from: destination, &effects) }
    }

    /// Gives the permission back. Harmless when it was not taken away.
    public func permitReceiving(from destination: Destination) {
        change { state, _ in state.forbidden.remove(destination) }
    }

    /// Whether it runs; a frozen one does.
    public var isRunning: Bool { state.withLock { $0.phase != .down } }

    /// What it has: connections and the rows that they and those that have ended take, queues, streams, groups, and
    /// consumers that have not left.
    package var inventory: [String: Int] {
        state.withLock { state in
            let places = state.places.values
            return [
                "connections": state.connections.count { $0.status == .up },
                "rows of connections": state.connections.count { !$0.isVacant },
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
        effects.perform(on: self)
        return result
    }
}
