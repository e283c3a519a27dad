/// Where the hub writes down who did what with each message, and when: for those who must be able to show it.
///
/// Bodies, headers and keys are not part of it.
public protocol AuditSink: Sendable {
    /// Takes a record. Called by one thread of its own, behind a bounded queue: what it does not take in time is lost,
    /// counted, and logged as an error.
    func audit(_ record: AuditRecord)
}

/// One thing that was done with one message.
public struct AuditRecord: Hashable, Sendable {
    /// What was done.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        /// It was published, and its broker has taken responsibility for it.
        case published
        /// Its publish failed, or it is not known whether it arrived; `detail` says why.
        case notPublished
        /// It was handed to a handler.
        case received
        /// Its handler returned.
        case handled
        /// A run of its handler failed; `detail` says why.
        case failed
        /// Its dead letter is where it belongs; `detail` says why it was given up.
        case deadLettered
    }

    /// When.
    public var time: Timestamp
    /// Who: the name that the program gave to its hub.
    public var actor: String
    /// What.
    public var action: Action
    /// The message.
    public var messageID: MessageID
    /// Its type.
    public var type: String
    /// The topic that it was published to or received from.
    public var topic: String
    /// The broker.
    public var broker: BrokerName
    /// The group that received it; nil elsewhere than on a stream, and where it was published.
    public var group: GroupName?
    /// Which run it was, from 1; nil where it was published.
    public var attempt: Int?
    /// Why, where something went wrong.
    public var detail: String?
}

extension AuditRecord {
    /// A record of these parts.
    public init(
        _ action: Action, by actor: String, _ message: Message, topic: String, on broker: BrokerName,
        group: GroupName? = nil, attempt: Int? = nil, detail: String? = nil, at time: Timestamp
    ) {
        self.init(
            time: time, actor: actor, action: action, messageID: message.id, type: message.type, topic: topic,
            broker: broker, group: group, attempt: attempt, detail: detail)
    }
}
