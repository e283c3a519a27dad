import Messaging

/// One of the two brokers behind a `FailoverBroker`: whether it can be used, and what has been asked of it since it could.
///
/// Who may not wait for it leaves connecting it to a task of its own, which ends with `end` at the latest.
final class FailoverSide: Sendable {
    /// Somebody makes it ready, and what has come of that.
    private final class Attempt: Sendable {
        let isOver = Signal()
        private let failure = Lock<BrokerError?>(nil)

        var error: BrokerError? { failure.withLock { $0 } }

        func end(_ error: BrokerError?) {
            failure.withLock { $0 = error }
            isOver.fire()
        }
    }

    private struct State: Sendable {
        var isConnected = false
        var isUp = false
        var attempt: Attempt?
        var task: Task<Void, Never>?
        var triedAt: Duration?
        var problem: BrokerError?
        var undeclared: [DestinationDeclaration] = []
        /// Why some of what is undeclared is: the others are none the worse for it.
        var refusals: [Destination: BrokerError] = [:]

        /// What somebody who wants to use it does now.
        mutating func step(at now: Duration, every interval: Duration) -> Step {
            if isConnected && !isUp { return .isAway }
            if isConnected && undeclared.isEmpty { return .isReady }
            if let attempt { return isConnected ? .wait(for: attempt) : .isAway }
            let isDue = triedAt.map { now - $0 >= interval } ?? true
            if !isConnected && !isDue { return .isAway }
            if isConnected && !isDue && undeclared.allSatisfy({ refusals[$0.destination] != nil }) { return .isReady }
            let attempt = Attempt()
            self.attempt = attempt
            return .goAhead(attempt)
        }
    }

    private enum Step: Sendable {
        case isReady
        case isAway
        /// Connect it where it is not, and declare what is missing.
        case goAhead(Attempt)
        /// A task of its own does that.
        case await(Attempt)
        /// Somebody else is declaring what is missing.
        case wait(for: Attempt)
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

    /// Whether it can be used at once.
    var isReady: Bool { state.withLock { $0.isConnected && $0.isUp && $0.undeclared.isEmpty } }

    /// Whether it is connected, as far as it has said.
    var isUp: Bool { state.withLock { $0.isConnected && $0.isUp } }

    /// Whether it was there when it last said anything, which may be before its `connect` has returned.
    var isHeard: Bool { state.withLock { $0.isUp } }

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

    /// It is to be used no more: the task that makes it ready is ended. It is asked again, and says itself that it is closed.
    func end(within grace: Duration) async {
        let (task, attempt) = state.withLock { state in
            (state.isConnected, state.triedAt) = (false, nil)
            return (state.task, state.attempt)
        }
        guard let task else { return }
        task.cancel()
        await attempt?.isOver.wait(atMost: grace, on: time)
    }

    // MARK: What must exist

    /// Remembers what must exist, until it does; returns what was not remembered before.
    func remember(_ declarations: [DestinationDeclaration]) -> [DestinationDeclaration] {
        state.withLock { state in
            let new = declarations.filter { !state.undeclared.contains($0) }
            state.undeclared += new
            return new
        }
    }

    /// A declaration that this broker will never take is not tried again.
    func forget(_ declarations: [DestinationDeclaration]) {
        state.withLock { state in
            state.undeclared.removeAll(where: declarations.contains)
            let left = Set(state.undeclared.map(\.destination))
            state.refusals = state.refusals.filter { left.contains($0.key) }
        }
    }

    /// Why what must exist there does not, as far as the broker has refused it. It is asked again once an interval.
    func refusal(of destination: Destination) -> BrokerError? {
        state.withLock { $0.refusals.isEmpty ? nil : $0.refusals[destination] }
    }

    // MARK: Getting ready

    /// Connects it where that has not succeeded yet, and declares what is missing; throws why it cannot be used. While it
    /// is away it is tried once an interval; who begins that waits for so long, nil: until it ends, and the others are told
    /// at once. While it is there and is told what must exist, the others wait, for up to `limit`; nil: until that ends.
    func ready(
        within limit: Duration?, connecting patience: Duration?,
        reporting: @escaping @Sendable (BrokerEvent) -> Void
    ) async throws(BrokerError) {
        if isReady { return }
        let start = time.uptime
        while true {
            switch step(isPatient: patience == nil, reporting) {
            case .isReady: return
            case .isAway: throw problem
            case .goAhead(let attempt):
                await goAhead(attempt, reporting)
                if let error = attempt.error { throw error }
            case .await(let attempt):
                let isOver = await attempt.isOver.wait(atMost: patience, on: time)
                if let error = attempt.error ?? (Task.isCancelled ? cancelled : nil) { throw error }
                if !isOver && !isUp { throw problem }
            case .wait(let attempt):
                let rest = limit.map { max(.zero, $0 - (time.uptime - start)) }
                // What went wrong for whoever declared need not for the next.
                if await attempt.isOver.wait(atMost: rest, on: time) { continue }
                if Task.isCancelled { throw cancelled }
                let sentence = "broker \(broker.name) is still being told what must exist; give it more time"
                throw BrokerError(.timeout, sentence)
            }
        }
    }

    private var cancelled: BrokerError {
        BrokerError(.cancelled, "the task was cancelled before broker \(broker.name) was ready")
    }

    private func step(
        isPatient: Bool, _ reporting: @escaping @Sendable (BrokerEvent) -> Void
    ) -> Step {
        state.withLock { state in
            let step = state.step(at: time.uptime, every: interval)
            guard case .goAhead(let attempt) = step, !isPatient, !state.isConnected else { return step }
            state.task = Task { [self] in await goAhead(attempt, reporting) }
            return .await(attempt)
        }
    }

    private func goAhead(_ attempt: Attempt, _ reporting: @escaping @Sendable (BrokerEvent) -> Void) async {
        var problem: BrokerError?
        do throws(BrokerError) {
            if !state.withLock({ $0.isConnected }) {
                try await broker.connect(reporting: reporting)
                state.withLock { ($0.isConnected, $0.isUp, $0.problem) = (true, true, nil) }
            }
            try await declareWhatIsMissing()
        } catch {
            problem = error
        }
        state.withLock { state in
            if let problem { state.problem = problem }
            (state.attempt, state.task, state.triedAt) = (nil, nil, time.uptime)
        }
        attempt.end(problem)
    }

    /// All at once; one by one where something is refused, so that it is known what.
    private func declareWhatIsMissing() async throws(BrokerError) {
        let missing = state.withLock { $0.undeclared }
        if missing.isEmpty { return }
        do throws(BrokerError) { return try await declare(missing) } catch { if error.isPassing { throw error } }
        for declaration in missing {
            do throws(BrokerError) { try await declare([declaration]) } catch {
                if error.isPassing { throw error }
                state.withLock { $0.refusals[declaration.destination] = error }
            }
        }
    }

    private func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        try await broker.declare(declarations)
        state.withLock { state in
            state.undeclared.removeAll(where: declarations.contains)
            for declaration in declarations { state.refusals[declaration.destination] = nil }
        }
    }
}

extension BrokerError {
    /// Whether it says nothing of what was asked for.
    fileprivate var isPassing: Bool { isRetryable || code == .cancelled || code == .ended }
}
