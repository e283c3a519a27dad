/// Says of an error what it means: that it is final (`Reject`), or what it is in the words of the program.
///
/// It cannot turn a failure into a success. What a shutdown, a time-out or a cancelled task ended is left as it is.
public struct ErrorHandlingMiddleware: Middleware {
    private let meaning: @Sendable (any Error) -> any Error

    /// Throws what this says of what was thrown.
    public init(_ meaning: @escaping @Sendable (any Error) -> any Error) { self.meaning = meaning }

    /// Throws the meaning of what a publish failed with, unless something may have arrived.
    public func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        do { return try await next(call) } catch { throw translated(error) }
    }

    /// Throws the meaning of what a run failed with.
    public func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        do { return try await next(call) } catch { throw translated(error) }
    }

    private func translated(_ error: any Error) -> any Error {
        Task.isCancelled || error is CancellationError ? error : meaning(error)
    }
}
