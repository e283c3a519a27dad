package import MessagingReliability

/// What decides for the policies of a hub: a test puts in what decides wrong, to see who notices.
package struct HubPolicies: Sendable {
    /// What a circuit breaker of this policy decides with.
    package var circuit: @Sendable (CircuitBreakerPolicy) -> any CircuitBreaking = { CircuitBreakerStateMachine($0) }
    /// What a budget of this many retries a minute decides with.
    package var budget: @Sendable (Int) -> any RetryBudgeting = { RetryBudget($0) }
    /// What a broker and the one that stands in for it are made a pair of.
    package var fallback: @Sendable (FallbackParts) -> FallbackParts = { $0 }

    /// Those that decide right.
    package init() {}
}
