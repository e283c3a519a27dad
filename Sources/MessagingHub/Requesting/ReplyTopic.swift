import Messaging
import MessagingReliability

/// The topic on which one hub hears the replies to its requests, where its broker has no requests of its own: a pubSub
/// topic whose name nobody can guess. Its name is the address that requests carry in `replyTo`.
struct ReplyTopic: Hashable, Sendable {
    private static let prefix = "hub-reply."
    let topic: Topic

    /// A new one.
    init() { topic = Topic(unchecked: "\(Self.prefix)\(CorrelationID())") }

    /// Reads an address. Nil for any other one, so that no request makes a responder publish to a topic of its choice.
    init?(_ address: String) {
        guard address.hasPrefix(Self.prefix), CorrelationID(String(address.dropFirst(Self.prefix.count))) != nil else {
            return nil
        }
        topic = Topic(unchecked: address)
    }
}
