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
