public import Messaging

/// A reply came, and cannot be read as what was asked for.
///
/// It says nothing of the message whose handler asked: thrown on by a handler it is a failure like any other.
public struct UnreadableReply: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was asked.
    public let topic: Topic
    /// What is wrong with the reply.
    public let sentence: String

    /// `reply from squares cannot be read: …`.
    public var description: String { "reply from \(topic) cannot be read: \(sentence)" }
}
