import Messaging
import MessagingReliability

extension RouteConfiguration {
    /// How often a message of a type is tried.
    var retries: RetrySelection { RetrySelection(retry, byType: retryByType) }

    /// Whether its messages keep their order.
    var isOrdered: Bool { order != .none && kind != .pubSub }

    /// How many handlers run at once where so many are asked for: one, where all messages keep one order.
    func workers(_ asked: Int?) -> Int { isOrdered && order == .all ? 1 : max(1, min(asked ?? concurrency, 1024)) }

    /// What becomes of its deliveries, on a broker that counts crashes so.
    func failurePolicy(crashCount: BrokerCapabilities.CrashCount) -> FailurePolicy {
        FailurePolicy(
            retries, deadLetters: kind == .pubSub ? .dropped : deadLetter.keeper, isOrdered: isOrdered,
            crashCount: crashCount)
    }

    /// How long a message may be held when each of its runs under a policy fails as late as it may; saturates.
    func longestHold(under retry: RetryPolicy) -> Duration {
        let (sum, overflow) = (timeout ?? .zero).nanoseconds.multipliedReportingOverflow(by: Int64(retry.limit))
        let total = Timestamp(nanoseconds: overflow ? .max : sum) + retry.totalDelay
        return Duration.nanoseconds(total.nanoseconds)
    }
}

extension DeadLetterRoute {
    /// Who keeps what is given up.
    fileprivate var keeper: FailurePolicy.DeadLetters {
        switch self {
        case .byDefault, .topic: .hub
        case .broker: .broker
        case .none: .none
        }
    }
}
