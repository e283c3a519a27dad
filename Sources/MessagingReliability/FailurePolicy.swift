public import Messaging

/// What becomes of a delivery before and after its run: the failure path, decided in one place, without a clock.
///
/// "Exhausted" is decided only right after a run that failed in this process. A delivery that arrives above its limit
/// gets one more run; one that arrives 16 above it, and of which no run ever failed here, kills its processes.
public struct FailurePolicy: FailureDeciding, Hashable, Sendable {
    /// Who keeps what is given up.
    public enum DeadLetters: Hashable, Sendable {
        /// The hub forwards it to a dead-letter destination.
        case hub
        /// The broker does, by its own policy, when the hub discards it.
        case broker
        /// Nobody: it stays, an alarm stands, and it is tried for ever.
        case none
        /// Nobody: it is dropped, as pubSub promises no more.
        case dropped
    }

    /// How far above its limit a delivery may arrive before it counts as one that kills its processes.
    public static let crashAllowance = 16

    /// How often a message of a type is tried.
    public var retries: RetrySelection
    /// Who keeps what is given up.
    public var deadLetters: DeadLetters
    /// Whether the destination keeps order, so that a failed delivery stays held and is run again here.
    public var isOrdered: Bool
    /// What the broker's count of attempts says about crashes.
    public var crashCount: BrokerCapabilities.CrashCount

    /// A policy of these parts.
    public init(
        _ retries: RetrySelection = RetrySelection(), deadLetters: DeadLetters = .hub, isOrdered: Bool = false,
        crashCount: BrokerCapabilities.CrashCount = .none
    ) {
        self.retries = retries
        self.deadLetters = deadLetters
        self.isOrdered = isOrdered
        self.crashCount = crashCount
    }

    /// Which run the next one is: what the broker counts, and never less than one more than the last that failed here.
    public func run(ofAttempt attempt: Int, lastFailedRun: Int?) -> Int {
        max(1, attempt, lastFailedRun.map { $0 &+ 1 } ?? 1)
    }

    /// Why a delivery is given up unseen when it arrives; nil: it is run.
    public func refusal(ofAttempt attempt: Int, type: String, hasFailedHere: Bool) -> RunDecision? {
        guard crashCount == .exact || crashCount == .deliveries, deadLetters != .none, !hasFailedHere else {
            return nil
        }
        let (line, overflow) = retries[type].limit.addingReportingOverflow(Self.crashAllowance)
        return !overflow && attempt >= line ? giveUp(.crashed, retries[type]) : nil
    }

    /// What becomes of a delivery whose run, counted from 1, has ended so. `random` draws the jitter, from 0 up to 1.
    public func decision(after result: RunResult, run: Int, type: String, random: Double) -> RunDecision {
        let retry = retries[type]
        switch result {
        case .finished: return .accept
        case .interrupted: return .release
        case .rejected: return giveUp(.rejected, retry)
        case .undecodable: return giveUp(.undecodable, retry)
        case .failed, .timedOut:
            if deadLetters == .dropped { return giveUp(.exhausted, retry) }
            guard let delay = retry.delay(afterRun: run, random: random) else { return giveUp(.exhausted, retry) }
            return isOrdered ? .runAgain(after: delay) : .retry(after: delay)
        }
    }

    /// What becomes of a delivery that would be tried again, where there are no more retries for now.
    public func decisionOverBudget(type: String) -> RunDecision { giveUp(.overBudget, retries[type]) }

    private func giveUp(_ reason: DeadLetter.Reason, _ retry: RetryPolicy) -> RunDecision {
        switch deadLetters {
        case .hub: .deadLetter(reason)
        case .broker: .discard(reason)
        case .dropped: .drop(reason)
        case .none: isOrdered ? .pause(for: retry.longestDelay, reason) : .keep(retryAfter: retry.longestDelay, reason)
        }
    }
}

/// What decides what becomes of a delivery that did not go well. There is one that decides right; tests bring ones that do
/// not.
package protocol FailureDeciding: Sendable {
    /// Why a delivery of a later attempt is given up unseen; nil: it is run.
    func refusal(ofAttempt attempt: Int, type: String, hasFailedHere: Bool) -> RunDecision?
    /// What becomes of a delivery whose run has ended so.
    func decision(after result: RunResult, run: Int, type: String, random: Double) -> RunDecision
    /// What becomes of a delivery that would be tried again, where there are no more retries for now.
    func decisionOverBudget(type: String) -> RunDecision
}
