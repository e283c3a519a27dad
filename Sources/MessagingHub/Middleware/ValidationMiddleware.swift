public import Messaging

/// Refuses what breaks a rule, in both directions.
///
/// A message that breaks it is not published: the caller gets the rule's own error, and of a call with many none is. One that
/// was received is dead-lettered at once, with that error's text; its handler does not see it.
public struct ValidationMiddleware: Middleware {
    private let rule: @Sendable (Message, Destination) throws -> Void

    /// Refuses each message for which the rule throws.
    public init(_ rule: @escaping @Sendable (Message, Destination) throws -> Void) { self.rule = rule }

    /// Publishes what keeps the rule.
    public func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
        for message in call.messages { try rule(message, call.destination) }
        return try await next(call)
    }

    /// Hands on what keeps the rule.
    public func handle(_ call: HandleCall, next: Next<HandleCall, Handled>) async throws -> Handled {
        do { try rule(call.delivery.message, call.destination) } catch { throw Reject("\(error)") }
        return try await next(call)
    }
}
