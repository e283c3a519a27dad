import Messaging

/// One of the two brokers behind a `FailoverBroker`: whether it can be used, and what has been asked of it since it could.
final class FailoverSide: Sendable {
    private struct State: Sendable {
        var isConnected = false
        var isUp = false
        var trying: Signal?
        var triedAt: Duration?
        var problem: BrokerError?
        var undeclared: [DestinationDeclaration] = []

        /// What somebody who wants to use it does now.
        mutating func step(at now: Duration, every interval: Duration) -> Step {
            if isConnected && isUp && undeclared.isEmpty { return .isReady }
            if isConnected && !isUp { return .isAway }
            if let trying { return isConnected ? .wait(for: trying) : .isAway }
            if !isConnected, let triedAt, now - triedAt < interval { return .isAway }
            let signal = Signal()
            (trying, triedAt) = (signal, now)
            return .goAhead(signal)
        }
    }

    private enum Step: Sendable {
        case isReady
        case isAway
        /// Somebody else declares what is missing, and tells when that is over.
        case wait(for: Signal)
        /// Connect it where it is not, declare what is missing, and tell.
        case goAhead(Signal)
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

    /// Notes that it is to be used no more: it is asked again, and says itself that it is closed.
    func end() { state.withLock { ($0.isConnected, $0.triedAt) = (false, nil) } }

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
    /// is away it is tried once an interval, by one caller at a time; the others are told at once. While one declares, the
    /// others wait.
    func ready(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        while true {
            switch state.withLock({ $0.step(at: time.uptime, every: interval) }) {
            case .isReady: return
            case .isAway: throw problem
            case .wait(let signal):
                guard await signal.wait(on: time) else {
                    throw BrokerError(.cancelled, "the task was cancelled before broker \(broker.name) was ready")
                }
            case .goAhead(let signal):
                defer {
                    state.withLock { $0.trying = nil }
                    signal.fire()
                }
                return try await goAhead(reporting)
            }
        }
    }

    private func goAhead(_ reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        do throws(BrokerError) {
            if !state.withLock({ $0.isConnected }) {
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
