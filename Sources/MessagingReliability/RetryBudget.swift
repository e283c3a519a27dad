import Messaging

/// How many retries there may be within a minute: in no minute more, whenever it begins.
///
/// A policy of retries bounds what one message costs; this bounds what all of them cost together, so that a handler that
/// fails for every message does not spend its time on repetitions. Exact: it remembers the moments of the last ones, as
/// many as it allows.
public struct RetryBudget: RetryBudgeting, Sendable {
    /// Of which time it bounds the retries.
    public static let window = Duration.seconds(60)

    /// How many there may be; at least 1.
    public let limit: Int
    private var spent = RingBuffer<Duration>()

    /// A full budget of this many retries a minute.
    public init(_ limit: Int) { self.limit = max(1, limit) }

    /// Spends one; false, and nothing is spent, where there is none left.
    public mutating func spend(at now: Duration) -> Bool {
        refill(at: now)
        if spent.count >= limit { return false }
        spent.append(now)
        return true
    }

    /// How many are left.
    public mutating func left(at now: Duration) -> Int {
        refill(at: now)
        return limit - spent.count
    }

    private mutating func refill(at now: Duration) {
        while let first = spent.first, now - first >= Self.window { _ = spent.popFirst() }
    }
}

/// What decides whether there may be a retry. There is one that decides right; tests bring ones that do not.
package protocol RetryBudgeting: Sendable {
    /// Spends one; false where there is none left.
    mutating func spend(at now: Duration) -> Bool
    /// How many are left.
    mutating func left(at now: Duration) -> Int
}
