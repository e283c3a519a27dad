/// What a circuit breaker decides, as a state of what has happened so far and the time: no clock, no lock, no waiting.
///
/// Closed, it counts failures in a row. Open, it grants nothing until its reset has passed. Half open, it grants as many
/// calls as there are probes: when so many have gone well it closes, and the first that fails opens it anew.
///
/// The end of a call counts in the state that granted it and in no later one: a call that was begun before the breaker
/// opened says nothing of what is there afterwards.
public struct CircuitBreakerStateMachine: CircuitBreaking, Hashable, Sendable {
    /// What it goes by.
    public let policy: CircuitBreakerPolicy
    /// In which state it is. An open one becomes half open with the first call after its reset.
    public private(set) var state = CircuitBreaker.State.closed
    /// When an open one grants a call again; nil in every other state.
    public private(set) var openUntil: Duration?
    private var generation = 0
    /// Closed: the failures in a row. Half open: the probes that went well.
    private var count = 0
    /// Half open: the probes that have not ended.
    private var pending = 0

    /// A closed one of this policy.
    public init(_ policy: CircuitBreakerPolicy = CircuitBreakerPolicy()) { self.policy = policy }

    /// Asks whether a call may be made now. Each one that is granted must end.
    public mutating func admit(at now: Duration) -> CircuitBreaker.Admission {
        if state == .open, room(at: now) > 0 { become(.halfOpen) }
        if room(at: now) == 0 { return .refused(until: openUntil) }
        if state == .halfOpen { pending += 1 }
        return .granted(CircuitBreaker.Ticket(generation: generation))
    }

    /// A call that was granted has ended; to be said once of each.
    public mutating func ended(_ ticket: CircuitBreaker.Ticket, _ result: CircuitBreaker.Result, at now: Duration) {
        guard ticket.generation == generation else { return }
        switch (state, result) {
        case (.closed, .success): count = 0
        case (.closed, .failure):
            count += 1
            if count >= max(1, policy.failures) { open(at: now) }
        case (.halfOpen, .success):
            pending -= 1
            count += 1
            if count >= max(1, policy.probes) { become(.closed) }
        case (.halfOpen, .failure): open(at: now)
        case (.halfOpen, .ignored): pending -= 1
        case (.closed, .ignored), (.open, _): break
        }
    }

    /// How many calls would be granted now.
    public func room(at now: Duration) -> Int {
        switch state {
        case .closed: .max
        case .open: openUntil.map { now >= $0 } ?? true ? max(1, policy.probes) : 0
        case .halfOpen: max(0, max(1, policy.probes) - count - pending)
        }
    }

    private mutating func open(at now: Duration) {
        become(.open)
        openUntil = now + max(.zero, policy.reset)
    }

    private mutating func become(_ next: CircuitBreaker.State) {
        state = next
        openUntil = nil
        generation &+= 1
        count = 0
        pending = 0
    }
}

/// What decides for a circuit breaker. There is one that decides right; tests bring ones that do not.
package protocol CircuitBreaking: Sendable {
    /// In which state it is.
    var state: CircuitBreaker.State { get }
    /// Asks whether a call may be made now.
    mutating func admit(at now: Duration) -> CircuitBreaker.Admission
    /// A call that was granted has ended.
    mutating func ended(_ ticket: CircuitBreaker.Ticket, _ result: CircuitBreaker.Result, at now: Duration)
    /// How many calls would be granted now.
    func room(at now: Duration) -> Int
    /// When an open one grants a call again.
    var openUntil: Duration? { get }
}
