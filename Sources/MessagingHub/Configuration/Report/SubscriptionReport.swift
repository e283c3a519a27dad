public import Messaging

/// What a subscription of a configuration gets: what is promised for what it does, and what is to be pointed out.
public struct SubscriptionReport: Hashable, Sendable {
    /// Its name.
    public let name: SubscriptionName
    /// What is read.
    public let topic: Topic
    /// Where it leads, where it is a bridge; nil where it is a command.
    public let target: Topic?
    /// What is promised: of a bridge, how often a message arrives at its target; of a command, how often it is run.
    public let promise: Promise
    /// What is to be pointed out beside.
    public let notes: [String]
}
