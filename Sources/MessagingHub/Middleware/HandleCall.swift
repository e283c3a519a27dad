public import Messaging

/// One run of a handler, on its way through the middlewares.
public struct HandleCall: Sendable {
    /// Where the delivery comes from.
    public let destination: Destination
    /// For which group, of a stream.
    public let group: GroupName?
    /// What the handler gets. What is settled, retried and dead-lettered is the delivery as it was received.
    public var delivery: Delivery
    let progress: HandleProgress
}

/// The handler has returned. Only `next` makes one.
public struct Handled: Sendable {
    /// What the handler sends on: confirmed before the delivery is accepted.
    public var forwarded: [ForwardedMessage]
    let progress: HandleProgress
}
