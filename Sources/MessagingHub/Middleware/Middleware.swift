/// What a program puts between itself and the hub's policies: it sees each call on its way in, and what it came to on its
/// way back.
///
/// One shape for both directions: a call goes in, `next` does the rest, and its result goes back. A middleware may change
/// the call, look at the result, throw another error, and call `next` again after it threw. It cannot make up a result:
/// only `next` gives one, so that what calls it never can do nothing but throw.
///
/// The first of `HubEnvironment.middlewares` is the outermost, in both directions. A direction that a middleware does not
/// implement passes through. It is called by many tasks at once.
public protocol Middleware: Sendable {
    /// Stands around one call of `publish`: outside the hub's retries, circuit breaker and telemetry.
    ///
    /// What it throws before anything was sent reaches the caller of `publish` as it is. Where something arrived, or may have,
    /// the caller gets a `PublishFailure` that says so, whatever is thrown here.
    func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published

    /// Stands around one run of a handler: inside the hub's dead letters, retries, deduplication and time-out.
    ///
    /// What it throws is what the run failed with, before and after `next` alike: the route's policy decides.
    func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled
}

extension Middleware {
    /// Passes the call through.
    public func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        try await next(call)
    }

    /// Passes the call through.
    public func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        try await next(call)
    }
}

/// The rest of a call's way: the middlewares further in, and then the hub, or the handler.
public struct Next<Call: Sendable, Result: Sendable>: Sendable {
    private let way: @Sendable (Call) async throws -> Result

    init(_ way: @escaping @Sendable (Call) async throws -> Result) { self.way = way }

    /// Does the rest. Once more only after it threw; anything else throws `invalidArgument` and does nothing.
    public func callAsFunction(_ call: Call) async throws -> Result { try await way(call) }
}
