public import Messaging

/// Keeps calls from what fails anyway: open, it refuses them at once, without making them.
///
/// `CircuitBreakerStateMachine` decides; this only locks and reads the clock. To be shared by all who call the same.
public final class CircuitBreaker: Sendable {
    /// Whether calls are made.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// They are.
        case closed
        /// They are not.
        case open
        /// A few are, to find out.
        case halfOpen = "half_open"
    }

    /// What a call that has ended says of what was called.
    public enum Result: Hashable, Sendable {
        /// It works.
        case success
        /// It does not.
        case failure
        /// Nothing.
        case ignored
    }

    /// What a call that was granted ends with.
    public struct Ticket: Hashable, Sendable { let generation: Int }

    /// Whether a call may be made.
    public enum Admission: Hashable, Sendable {
        /// It may, and must end with this.
        case granted(Ticket)
        /// It may not, before this moment; nil: before those that are being tried have ended.
        case refused(until: Duration?)
    }

    /// What `execute` throws where a call is refused.
    public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// For how long the breaker is open yet; nil: until the calls that are being tried have ended.
        public let wait: Duration?
        /// `circuit open: not called; the next call is let through in 12s`.
        public var description: String {
            guard let wait else { return "circuit half_open: not called; calls that are let through have not ended" }
            return "circuit open: not called; the next call is let through in \(wait.optionText)"
        }
    }

    private let time: any TimeSource
    private let machine: Lock<any CircuitBreaking>
    private let changed: @Sendable (State) -> Void

    /// A closed one. `changed` is told each change of state, once and in their order; it must not block or call the
    /// breaker.
    public convenience init(
        _ policy: CircuitBreakerPolicy = CircuitBreakerPolicy(), time: any TimeSource = SystemTime.shared,
        changed: @escaping @Sendable (State) -> Void = { _ in }
    ) {
        self.init(deciding: CircuitBreakerStateMachine(policy), time: time, changed: changed)
    }

    package init(
        deciding machine: any CircuitBreaking, time: any TimeSource, changed: @escaping @Sendable (State) -> Void
    ) {
        self.machine = Lock(machine)
        self.time = time
        self.changed = changed
    }

    /// In which state it is. An open one becomes half open with the first call after its reset.
    public var state: State { machine.withLock { $0.state } }

    /// Makes a call, or throws `Refusal` without making it. What counts as a failure is every error that `isFailure`
    /// says so of: by default all but cancellation.
    public func execute<Value: Sendable>(
        isFailure: (any Error) -> Bool = { !($0 is CancellationError) }, _ body: () async throws -> Value
    ) async throws -> Value {
        let ticket: Ticket
        switch admit() {
        case .granted(let granted): ticket = granted
        case .refused(let until): throw Refusal(wait: until.map { max(.zero, $0 - time.uptime) })
        }
        do {
            let value = try await body()
            ended(ticket, .success)
            return value
        } catch {
            ended(ticket, isFailure(error) ? .failure : .ignored)
            throw error
        }
    }

    /// Asks whether a call may be made now. Each one that is granted must end.
    package func admit() -> Admission {
        let now = time.uptime
        return change { $0.admit(at: now) }
    }

    /// A call that was granted has ended. True where that may matter to those who were refused.
    @discardableResult package func ended(_ ticket: Ticket, _ result: Result) -> Bool {
        let now = time.uptime
        return change { machine in
            let old = machine.state
            machine.ended(ticket, result, at: now)
            return old != .closed || machine.state != .closed
        }
    }

    /// How many calls would be granted now, and when that changes by time alone.
    package var room: (calls: Int, openUntil: Duration?) {
        let now = time.uptime
        return machine.withLock { ($0.room(at: now), $0.openUntil) }
    }

    private func change<Answer: Sendable>(_ body: (inout any CircuitBreaking) -> Answer) -> Answer {
        machine.withLock { machine in
            let old = machine.state
            let answer = body(&machine)
            if machine.state != old { changed(machine.state) }
            return answer
        }
    }
}
