public import Messaging

/// What `hub run` does with the messages of a topic: it publishes each to another topic, or gives each to a command.
///
/// A program that links the library finds it here as data; nothing subscribes by itself.
public struct SubscriptionConfiguration: Hashable, Sendable {
    /// What is done with a message.
    public enum Action: Hashable, Sendable {
        /// A bridge: it is published to this topic, by that topic's own route, before it is accepted.
        case publish(to: Topic)
        /// A program and its arguments: it gets the message as one NDJSON line on its standard input. Exit status 0
        /// accepts the message, any other is a failed run.
        case run([String])
    }

    /// What is read, by its route.
    public var topic: Topic
    /// As which group, where it is a stream. Default: the route's only one.
    public var group: GroupName?
    /// What is done with each message.
    public var action: Action
    /// How many messages are worked on at once. Default: the route's number.
    public var concurrency: Int?
    /// What is asked for as a whole: of the topic's route, and of the target's where it is a bridge. Default: nothing, what
    /// is computed stands.
    public var guarantee: Guarantee?
    /// Which messages it is about; the others are accepted, and counted as filtered. Default: all.
    public var filter: HeaderFilter?

    /// A subscription to a topic that does this; all else at its default.
    public init(
        _ topic: Topic, group: GroupName? = nil, _ action: Action, concurrency: Int? = nil,
        guarantee: Guarantee? = nil, filter: HeaderFilter? = nil
    ) {
        self.topic = topic
        self.group = group
        self.action = action
        self.concurrency = concurrency
        self.guarantee = guarantee
        self.filter = filter
    }

    /// Where a bridge leads; nil where it is a command.
    public var target: Topic? {
        if case .publish(let topic) = action { topic } else { nil }
    }
}

/// The name of a subscription in a configuration.
public struct SubscriptionName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name.
    public let name: String
    /// A subscription of this name.
    public init(_ name: String) { self.name = name }
    /// A subscription of this name.
    public init(stringLiteral value: String) { name = value }
    /// The name.
    public var description: String { name }
}
