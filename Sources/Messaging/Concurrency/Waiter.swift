/// The one waiting primitive: waits for one value, up to a deadline, and ends when the calling task is cancelled.
///
/// It answers with an outcome instead of throwing, because the standard library's primitives do not compile inside
/// `throws(BrokerError)`. The first of value, deadline and cancellation decides; the others change nothing.
///
/// Its continuation is not a checked one, which costs an object of its own and a check for each wait: who takes it out of
/// the state resumes it, and nobody can take it twice.
@usableFromInline package final class Waiter<Value: Sendable>: Sendable {
    /// How a wait ended.
    @usableFromInline package enum Outcome: Sendable {
        /// With the value that it waited for.
        case value(Value)
        /// With the deadline.
        case timedOut
        /// With the cancellation of the task that waited.
        case cancelled
    }

    @usableFromInline enum State: Sendable {
        case idle
        case waiting(UnsafeContinuation<Outcome, Never>)
        case resolved(Outcome)
        case taken
    }

    @usableFromInline let state = Lock(State.idle)

    @inlinable package init() {}

    /// Waits until `resolve` is called, `limit` has passed on `time`, or the task is cancelled. One call only; a second
    /// one returns `.cancelled`.
    @inlinable package func wait(atMost limit: Duration? = nil, on time: any TimeSource) async -> Outcome {
        guard let limit else { return await wait() }
        return await wait(until: time.deadline(after: limit), on: time)
    }

    /// The same up to a moment of the clock's uptime. Whoever knows the moment should say it: of a limit, what passes
    /// before the call is added to it.
    @inlinable package func wait(until moment: Duration, on time: any TimeSource) async -> Outcome {
        let alarm = time.alarm(at: moment) { self.expire() }
        let outcome = await wait()
        time.silence(alarm)
        return outcome
    }

    /// As `wait`, without a limit and deaf to cancellation: for work that must be done though the caller is cancelled.
    @inlinable package func waitUncancelled() async -> Outcome {
        await withUnsafeContinuation { self.arm($0) }
    }

    /// Gives the waiting task its value, now or when it comes. False when the wait has ended otherwise.
    @inlinable @discardableResult package func resolve(_ value: Value) -> Bool { finish(.value(value)) }

    /// As `wait`, without a limit but for `expire`.
    @inlinable package func wait() async -> Outcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { self.arm($0) }
        } onCancel: {
            self.finish(.cancelled)
        }
    }

    /// Ends the wait as its deadline does, for who sees to the alarm himself. False when it has ended otherwise.
    @inlinable @discardableResult package func expire() -> Bool { finish(.timedOut) }

    @inlinable func arm(_ continuation: UnsafeContinuation<Outcome, Never>) {
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

    @inlinable @discardableResult func finish(_ outcome: Outcome) -> Bool {
        let (won, continuation): (Bool, UnsafeContinuation<Outcome, Never>?) = state.withLock { state in
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
