package import Messaging
package import MessagingReliability

/// What decides for the policies of a hub: a test puts in what decides wrong, to see who notices.
package struct HubPolicies: Sendable {
    /// Who waits for the reply to a request.
    package typealias Asker = Waiter<Result<Message, BrokerError>>
    /// Of a publish that failed what is repeated, by its place, and what is final.
    package typealias PublishSplit = (again: [Int], final: [Int: PublishFailure.Outcome])

    /// What a circuit breaker of this policy decides with.
    package var circuit: @Sendable (CircuitBreakerPolicy) -> any CircuitBreaking = { CircuitBreakerStateMachine($0) }
    /// What a budget of this many retries a minute decides with.
    package var budget: @Sendable (Int) -> any RetryBudgeting = { RetryBudget($0) }
    /// What a subscription of this policy decides with when a run has failed; nil: the policy itself.
    package var failures: (@Sendable (FailurePolicy) -> any FailureDeciding)?
    /// How long a run may take where the route says this much; nil: for ever.
    package var timeout: @Sendable (Duration) -> Timeout? = { Timeout($0) }
    /// How a dead letter is sent, and its original accepted.
    package var deadLetter: @Sendable (DeadLetterSteps) async -> SettlementOutcome = { await $0.taken() }
    /// What of a publish that failed is repeated; the last argument says whether duplicates are accepted.
    package var publishRetry: @Sendable (PublishFailure, [Message], Bool) -> PublishSplit = {
        PublishRetry.split($0, of: $1, acceptsDuplicates: $2)
    }
    /// What knows which request a reply resolves, where this many may wait.
    package var replies: @Sendable (Int) -> any ReplyMatching<Asker> = { PendingReplies(capacity: $0) }
    /// What a broker and the one that stands in for it are made a pair of.
    package var fallback: @Sendable (FallbackParts) -> FallbackParts = { $0 }

    /// Those that decide right.
    package init() {}
}
