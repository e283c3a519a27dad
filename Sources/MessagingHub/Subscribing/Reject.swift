/// Thrown by a handler to pause its subscription: everything that it holds goes back uncounted, and it begins again after
/// this time. No attempt is used up.
package struct PauseSubscription: Error, Hashable, Sendable {
    let wait: Duration

    /// A pause of at least 100 ms.
    package init(for wait: Duration) { self.wait = wait }
}

/// Thrown by a handler to give a message up at once: it is dead-lettered as rejected, with this reason, and not run
/// again.
public struct Reject: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why, in a sentence.
    public let reason: String

    /// Gives a message up for this reason.
    public init(_ reason: String) { self.reason = reason }

    /// The reason.
    public var description: String { reason }
}
