/// The one waiting primitive: waits for one value, up to a deadline, and ends when the calling task is cancelled.
///
/// It answers with an outcome instead of throwing, because the standard library's primitives do not compile inside
/// `throws(BrokerError)`. The first of value, deadline and cancellation decides; the others change nothing.
package final class Waiter<Value: Sendable>: Sendable {
    /// How a wait ended.
    package enum Outcome: Sendable {
        /// With the value that it waited for.
        case value(Value)
        /// With the deadline.
        case timedOut
        /// With the cancellation of the task that waited.
        case cancelled
    }

    private enum State: Sendable {
        case idle
        case waiting(CheckedContinuation<Outcome, Never>)
        case resolved(Outcome)
        case taken
    }

    private let state = Lock(State.idle)

    package init() {}

    /// Waits until `resolve` is called, `limit` has passed on `time`, or the task is cancelled. One call only; a second
    /// one returns `.cancelled`.
    package func wait(atMost limit: Duration? = nil, on time: any TimeSource) async -> Outcome {
        guard let limit else { return await waitWithoutLimit() }
        return await wait(until: time.deadline(after: limit), on: time)
    }

    /// The same up to a moment of the clock's uptime. Whoever knows the moment should say it: of a limit, what passes
    /// before the call is added to it.
    package func wait(until moment: Duration, on time: any TimeSource) async -> Outcome {
        let alarm = time.alarm(at: moment) { self.finish(.timedOut) }
        let outcome = await waitWithoutLimit()
        time.silence(alarm)
        return outcome
    }

    /// As `wait`, without a limit and deaf to cancellation: for work that must be done though the caller is cancelled.
    package func waitUncancelled() async -> Outcome {
        await withCheckedContinuation { self.arm($0) }
    }

    /// Gives the waiting task its value, now or when it comes. False when the wait has ended otherwise.
    @discardableResult package func resolve(_ value: Value) -> Bool { finish(.value(value)) }

    private func waitWithoutLimit() async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { self.arm($0) }
        } onCancel: {
            self.finish(.cancelled)
        }
    }

    private func arm(_ continuation: CheckedContinuation<Outcome, Never>) {
        let early: Outcome? = state.withLock { state in
            switch state {
            case .idle:
                state = .waiting(continuation)
                return nil
            case .resolved(let outcome):
                state = .taken
                return outcome
            case .waiting, .taken:
                return .cancelled
            }
        }
        if let early { continuation.resume(returning: early) }
    }

    @discardableResult private func finish(_ outcome: Outcome) -> Bool {
        let (won, continuation): (Bool, CheckedContinuation<Outcome, Never>?) = state.withLock { state in
            switch state {
            case .idle:
                state = .resolved(outcome)
                return (true, nil)
            case .waiting(let continuation):
                state = .taken
                return (true, continuation)
            case .resolved, .taken:
                return (false, nil)
            }
        }
        continuation?.resume(returning: outcome)
        return won
    }
}
