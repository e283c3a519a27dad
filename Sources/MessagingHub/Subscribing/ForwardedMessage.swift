public import Messaging

/// A message that a handler sends on, and to which topic.
///
/// Where the topic's broker is that of the delivery, sending it and accepting the delivery are one settlement, atomic
/// where the broker can; elsewhere it is published and confirmed first, and then the delivery is accepted.
public struct ForwardedMessage: Sendable {
    /// The message.
    public var message: Message
    /// Where it goes.
    public var topic: Topic

    /// Sends this message on to this topic.
    public init(_ message: Message, to topic: Topic) {
        self.message = message
        self.topic = topic
    }
}
