import Messaging
import MessagingHub
import MessagingReliability
import Testing

/// A policy with a single fault, and the rules that must notice it.
struct PolicyMutant: Sendable, CustomTestStringConvertible {
    /// The fault, in a sentence.
    let fault: String
    /// Which rules turn red, and what each says.
    let catches: [(rule: PolicyRule, sentence: String)]
    /// Puts the fault in.
    let spoil: @Sendable (inout HubPolicies) -> Void

    var testDescription: String { fault }

    static let all: [PolicyMutant] = [
        .ofCircuit(
            "a breaker that charges attempts: what is held runs while it is open",
            caughtBy: [(.noAttemptsSpent, "attempts were spent while the circuit was open: [1, 2, 3")]
        ) { $0.grantsWhileOpen = true },
        .ofCircuit(
            "a breaker that never closes",
            caughtBy: [(.notCalledWhileOpen, "the circuit is half_open though its probe went well")]
        ) { $0.translate = { $0 == .halfOpen && $1 == .success ? .ignored : $1 } },
        .ofCircuit(
            "a breaker that never opens",
            caughtBy: [
                (.notCalledWhileOpen, "failures did not open it"), (.noAttemptsSpent, "it did not open"),
            ]
        ) { $0.translate = { $1 == .failure ? .ignored : $1 } },
        .ofCircuit(
            "a breaker that counts permanent publish errors",
            caughtBy: [(.permanentErrors, "after permanent errors a publish was refused: 1 of 1 messages")]
        ) { $0.translate = { $1 == .ignored ? .failure : $1 } },
        .ofCircuit(
            "a breaker that counts failures with successes between",
            caughtBy: [(.inARow, "two failures in a row opened it")]
        ) { $0.translate = { $0 == .closed && $1 == .success ? .ignored : $1 } },
        .ofCircuit(
            "a breaker that lets everything through when it is half open",
            caughtBy: [(.statedProbes, "runs began half open, not 3")]
        ) { $0.grantsWhileHalfOpen = true },
        .ofBudget("a budget that forgets to refill", caughtBy: [(.refilled, "in minute 2")]) { budget, _ in
            budget.spend(at: .zero)
        },
        .ofBudget(
            "a budget with one retry too many",
            caughtBy: [(.eleventhRetry, "of 11 failed runs 0 were given up, not 1")]
        ) { budget, now in
            budget.spend(at: now) || budget.spendOneMore()
        },
        .ofBudget("a budget that is endless", caughtBy: [(.eleventhRetry, "of 11 failed runs 0 were given up")]) {
            _, _ in
            true
        },
        PolicyMutant(
            fault: "what finds its budget spent is tried all the same",
            catches: [(.eleventhRetry, "of 11 failed runs 0 were given up, not 1")]
        ) { $0.failures = { RetryingOverBudget(policy: $0) } },
        PolicyMutant(
            fault: "a time-out that is never struck",
            catches: [(.struckInTime, "a run that may take 5s was never ended")]
        ) { $0.timeout = { _ in nil } },
        PolicyMutant(
            fault: "a time-out that is struck after half of its time",
            catches: [(.struckInTime, "a run that may take 5s was ended before that")]
        ) { $0.timeout = { Timeout($0 / 2) } },
    ]

    private static func ofCircuit(
        _ fault: String, caughtBy catches: [(rule: PolicyRule, sentence: String)],
        _ edit: @escaping @Sendable (inout FaultyCircuit) -> Void
    ) -> PolicyMutant {
        PolicyMutant(fault: fault, catches: catches) { policies in
            policies.circuit = { policy in
                var circuit = FaultyCircuit(base: CircuitBreakerStateMachine(policy))
                edit(&circuit)
                return circuit
            }
        }
    }

    private static func ofBudget(
        _ fault: String, caughtBy catches: [(rule: PolicyRule, sentence: String)],
        _ spending: @escaping @Sendable (inout FaultyBudget.Base, Duration) -> Bool
    ) -> PolicyMutant {
        PolicyMutant(fault: fault, catches: catches) { policies in
            policies.budget = { FaultyBudget(base: .init(budget: RetryBudget($0)), spending: spending) }
        }
    }
}

/// A state machine with a fault before it.
struct FaultyCircuit: CircuitBreaking {
    var base: CircuitBreakerStateMachine
    var grantsWhileOpen = false
    var grantsWhileHalfOpen = false
    var translate: @Sendable (CircuitBreaker.State, CircuitBreaker.Result) -> CircuitBreaker.Result = { $1 }
    private var last: CircuitBreaker.Ticket?

    init(base: CircuitBreakerStateMachine) { self.base = base }

    private var grants: Bool {
        base.state == .open && grantsWhileOpen || base.state == .halfOpen && grantsWhileHalfOpen
    }

    var state: CircuitBreaker.State { base.state }
    var openUntil: Duration? { base.openUntil }

    mutating func admit(at now: Duration) -> CircuitBreaker.Admission {
        let admission = base.admit(at: now)
        if case .granted(let ticket) = admission { last = ticket }
        if case .refused = admission, grants, let last { return .granted(last) }
        return admission
    }

    mutating func ended(_ ticket: CircuitBreaker.Ticket, _ result: CircuitBreaker.Result, at now: Duration) {
        base.ended(ticket, translate(base.state, result), at: now)
    }

    func room(at now: Duration) -> Int { grants ? .max : base.room(at: now) }
}

/// A budget with a fault before it.
struct FaultyBudget: RetryBudgeting {
    /// What the fault has at hand.
    struct Base: Sendable {
        var budget: RetryBudget
        private var hasSpentMore = false

        init(budget: RetryBudget) { self.budget = budget }

        mutating func spend(at now: Duration) -> Bool { budget.spend(at: now) }

        mutating func spendOneMore() -> Bool {
            defer { hasSpentMore = true }
            return !hasSpentMore
        }
    }

    var base: Base
    let spending: @Sendable (inout Base, Duration) -> Bool

    mutating func spend(at now: Duration) -> Bool { spending(&base, now) }
    mutating func left(at now: Duration) -> Int { base.budget.left(at: .zero) }
}

/// A policy of failures that knows of no budget.
private struct RetryingOverBudget: FailureDeciding {
    let policy: FailurePolicy

    func refusal(ofAttempt attempt: Int, type: String, hasFailedHere: Bool) -> RunDecision? {
        policy.refusal(ofAttempt: attempt, type: type, hasFailedHere: hasFailedHere)
    }

    func decision(after result: RunResult, run: Int, type: String, random: Double) -> RunDecision {
        policy.decision(after: result, run: run, type: type, random: random)
    }

    func decisionOverBudget(type: String) -> RunDecision { .retry(after: policy.retries[type].longestDelay) }
}
