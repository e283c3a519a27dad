import Messaging
import MessagingReliability

/// The retries that a subscription may spend, shared by its workers; each change is logged and measured once.
final class RetryAllowance: Sendable {
    private struct State: Sendable {
        var budget: any RetryBudgeting
        var isSpent = false
    }

    private let state: Lock<State>
    private let limit: Int
    private let time: any TimeSource
    private let observer: HubObserver
    private let gauge: (any Instrument)?

    init(_ budget: any RetryBudgeting, limit: Int, time: any TimeSource, observer: HubObserver) {
        state = Lock(State(budget: budget))
        self.limit = limit
        self.time = time
        self.observer = observer
        gauge = observer.gauge("hub.retry.budget", unit: "{retry}")
        gauge?.record(Double(limit))
    }

    /// Spends one retry; false where there is none left.
    func spend() -> Bool {
        let now = time.uptime
        let (isGranted, left, hasChanged) = state.withLock { state in
            let isGranted = state.budget.spend(at: now)
            defer { state.isSpent = !isGranted }
            return (isGranted, state.budget.left(at: now), state.isSpent == isGranted)
        }
        gauge?.record(Double(left))
        if hasChanged {
            let keys = [("hub.retry.budget", String(limit))]
            if isGranted {
                observer.state(.info, "retry budget refilled", keys)
            } else {
                observer.state(.warning, "retry budget spent", keys)
            }
        }
        return isGranted
    }
}
