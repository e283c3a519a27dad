public import Messaging
public import MessagingReliability

/// Runs a handler again at once, in place, before the route's policy hears of the failure.
///
/// For what passes in moments. All of its runs are one attempt of the message, under one time-out, and hold the delivery
/// and its worker meanwhile. What no repetition changes is not repeated. Publishing has `publish-retry` of its route.
public struct RetryMiddleware: Middleware {
    private let retries: RetrySelection
    private let time: any TimeSource

    /// Repeats as these policies say, each for its message type.
    public init(_ retries: RetrySelection, on time: any TimeSource = SystemTime.shared) {
        self.retries = retries
        self.time = time
    }

    /// Runs the handler until it returns, or its policy says no more.
    public func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        let policy = retries[call.delivery.message.type]
        var run = 1
        while true {
            do { return try await next(call) } catch {
                guard isWorthRepeating(error), let delay = policy.delay(afterRun: run, random: .random(in: 0..<1))
                else { throw error }
                try await time.sleep(for: delay)
            }
            run += 1
        }
    }

    private func isWorthRepeating(_ error: any Error) -> Bool {
        if error is CancellationError { return false }
        let end = RunEnd.of(error, isStruck: false, isInterrupted: Task.isCancelled, limit: nil)
        if case .failed(.failed, _) = end { return true }
        return false
    }
}
