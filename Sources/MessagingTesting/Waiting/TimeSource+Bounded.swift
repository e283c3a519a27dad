package import Messaging

extension TimeSource {
    /// Does `work` and gives its result; throws `Overdue` when it has not returned after `limit` on this clock.
    ///
    /// The work runs in a task of its own, so that a call that never returns cannot take its caller with it: it is
    /// cancelled and left behind. Cancelling the caller cancels the work and waits for what it makes of that.
    /// `executor` is where the task prefers to run.
    package func bounded<Value: Sendable>(
        _ what: String, within limit: Duration, on executor: (any TaskExecutor)? = nil,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let answer = Waiter<Result<Value, any Error>>()
        let alarm = self.alarm(at: uptime + limit) {
            answer.resolve(.failure(Overdue(what: what, limit: limit)))
        }
        let task = Task(executorPreference: executor) {
            do { answer.resolve(.success(try await work())) } catch { answer.resolve(.failure(error)) }
        }
        let outcome = await withTaskCancellationHandler {
            await answer.waitUncancelled()
        } onCancel: {
            task.cancel()
        }
        silence(alarm)
        guard case .value(let result) = outcome else { throw CancellationError() }
        if case .failure(let error) = result, error is Overdue { task.cancel() }
        return try result.get()
    }
}

/// A call that did not return in time: a hang, by name.
package struct Overdue: Error, CustomStringConvertible {
    /// Which call.
    package let what: String
    /// How long it was given.
    package let limit: Duration

    /// `receive from queue orders did not return within 5s`.
    package var description: String { "\(what) did not return within \(limit.optionText)" }
}
