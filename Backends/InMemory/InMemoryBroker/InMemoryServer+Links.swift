import Messaging

/// What happens to connections after a while, and calls that wait for it.
extension InMemoryServer {
    /// How long a connection that was lost takes to come up again, where nothing hinders it.
    private static let reconnectDelay = Duration.milliseconds(5)

    private var patience: Duration { heartbeat * 3 / 2 }

    /// Sees to it that connections which still get no answers then are lost after one and a half heartbeats.
    func noticeLater(_ silent: [ServerState.Silent]) {
        if silent.isEmpty { return }
        _ = time.alarm(at: time.deadline(after: patience)) {
            self.change { state, effects in
                for one in silent { state.notice(one, &effects) }
            }
        }
    }

    /// Sees to it that connections which were lost come up again.
    func reconnectLater() {
        let lost = state.withLock { $0.takeReconnecting() }
        if lost.isEmpty { return }
        _ = time.alarm(at: time.deadline(after: Self.reconnectDelay)) {
            self.change { state, effects in
                for connection in lost { state.connections[connection].isReconnecting = false }
                state.comeUp(lost, &effects)
            }
        }
    }

    /// Waits while a connection that was not made yet gets no answer, at most one and a half heartbeats.
    func greet(_ connection: Int) async throws(BrokerError) {
        let end = time.deadline(after: patience)
        while let waiter = state.withLock({ $0.isSilent(connection) ? $0.waitForAnswer() : nil }) {
            switch await waiter.wait(atMost: max(.zero, end - time.uptime), on: time) {
            case .value: continue
            case .cancelled: throw BrokerError(.cancelled, "the task was cancelled", during: .connect)
            case .timedOut:
                state.withLock { $0.waitingForServer.removeAll { $0 === waiter } }
                let sentence = "the in-memory server does not answer; thaw it, or restore the link to it"
                throw BrokerError(.unavailable, sentence, during: .connect)
            }
        }
    }

    /// Waits while a connection gets no answer.
    func answers(_ connection: Int, during operation: BrokerError.Operation = .other) async throws(BrokerError) {
        while let waiter = state.withLock({ $0.isStuck(connection) ? $0.waitForAnswer() : nil }) {
            guard case .cancelled = await waiter.wait(on: time) else { continue }
            state.withLock { $0.waitingForServer.removeAll { $0 === waiter } }
            throw BrokerError(.cancelled, "the task was cancelled before it was answered", during: operation)
        }
    }

    /// Waits while a connection gets no answer, also in a task that is cancelled; whether it had to.
    func outlasts(silenceOf connection: Int) async -> Bool {
        var hasWaited = false
        while let waiter = state.withLock({ $0.isStuck(connection) ? $0.waitForAnswer() : nil }) {
            _ = await waiter.waitUncancelled()
            hasWaited = true
        }
        return hasWaited
    }
}

extension ServerState {
    /// Told when a connection was lost, or is answered again.
    fileprivate mutating func waitForAnswer() -> Waiter<Void> {
        let waiter = Waiter<Void>()
        waitingForServer.append(waiter)
        return waiter
    }
}
