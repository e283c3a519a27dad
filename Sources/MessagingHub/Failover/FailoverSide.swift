import Messaging

/// One of the two brokers behind a `FailoverBroker`: whether it can be used, and what has been asked of it since it could.
final class FailoverSide: Sendable {
    private struct State: Sendable {
        var isConnected = false
        var isUp = false
        var isTrying = false
        var triedAt: Duration?
        var problem: BrokerError?
        var undeclared: [DestinationDeclaration] = []
    }

    let broker: any MessageBroker
    private let interval: Duration
    private let time: any TimeSource
    private let state = Lock(State())

    init(_ broker: any MessageBroker, every interval: Duration, on time: any TimeSource) {
        self.broker = broker
        self.interval = interval
        self.time = time
    }

    /// Whether it is connected, as far as it has said.
    var isUp: Bool { state.withLock { $0.isConnected && $0.isUp } }

    /// Why it cannot be used.
    var problem: BrokerError {
        state.withLock { $0.problem } ?? BrokerError(.notConnected, "broker \(broker.name) is not connected")
    }

    /// Notes what the broker reports.
    func note(_ event: BrokerEvent) {
        state.withLock { state in
            switch event {
            case .up:
                state.isUp = true
                state.problem = nil
            case .down(let error):
                state.isUp = false
                state.problem = error
            default: break
            }
        }
    }

    /// Remembers what must exist, until it does.
    func remember(_ declarations: [DestinationDeclaration]) {
        state.withLock { state in
            for declaration in declarations {
                state.undeclared.removeAll { $0.destination == declaration.destination && $0 == declaration }
            }
            state.undeclared += declarations
        }
    }

    /// Connects it where that has not succeeded yet, and declares what is missing; throws why it cannot be used. While it
    /// is away it is tried once an interval, by one caller at a time; the others are told at once.
    func ready(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        let now = time.uptime
        let (isDone, mayTry, isConnected) = state.withLock { state in
            if state.isConnected && state.isUp && state.undeclared.isEmpty { return (true, false, true) }
            if state.isConnected && !state.isUp { return (false, false, true) }
            let isTime = state.triedAt.map { now - $0 >= interval } ?? true
            let mayTry = !state.isTrying && (isTime || state.isConnected)
            if mayTry { (state.isTrying, state.triedAt) = (true, now) }
            return (false, mayTry, state.isConnected)
        }
        if isDone { return }
        if !mayTry { throw problem }
        defer { state.withLock { $0.isTrying = false } }
        do throws(BrokerError) {
            if !isConnected {
                try await broker.connect(reporting: reporting)
                state.withLock { ($0.isConnected, $0.isUp, $0.problem) = (true, true, nil) }
            }
            try await declareWhatIsMissing()
        } catch {
            state.withLock { $0.problem = error }
            throw error
        }
    }

    private func declareWhatIsMissing() async throws(BrokerError) {
        let missing = state.withLock { $0.undeclared }
        if missing.isEmpty { return }
        try await broker.declare(missing)
        state.withLock { $0.undeclared.removeAll(where: missing.contains) }
    }

    /// A declaration that this broker will never take is not tried again.
    func forget(_ declarations: [DestinationDeclaration]) {
        state.withLock { $0.undeclared.removeAll(where: declarations.contains) }
    }
}
