public import Messaging

/// One call of `publish`, on its way through the middlewares.
public struct PublishCall: Sendable {
    /// Where the messages go.
    public let destination: Destination
    /// The messages, one or many. Each may be changed; to leave one out or to add one is refused.
    public var messages: [Message]
    let progress: PublishProgress
}

/// Every message of a call was confirmed. Only `next` makes one.
public struct Published: Sendable {
    /// What `publish` returns.
    public let receipt: PublishReceipt
    let progress: PublishProgress
}
