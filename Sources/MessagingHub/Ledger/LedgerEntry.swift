public import Messaging

/// The account of one destination.
public struct LedgerEntry: Hashable, Sendable {
    /// What can be wrong with a message.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        /// Ended more than once: handled again, or handled and dead-lettered. Each further time counts.
        case duplicated
        /// Handled for the first time after a later one of its key.
        case reordered
        /// Sent, and neither handled nor dead-lettered nor filtered.
        case lost
        /// Handled though its publish was never confirmed.
        case unconfirmed
    }

    /// What one group made of the messages; on a queue and on pubSub the group without a name.
    public struct Group: Hashable, Sendable {
        /// The group; nil where there are none.
        public var name: GroupName?
        /// How many different messages were handled.
        public var handled = 0
        /// How many different messages were dead-lettered and not handled.
        public var deadLettered = 0
        /// How many the group's filter did not let through.
        public var filtered = 0
        /// How many times each fault occurred.
        public var faults: [Fault: Int] = [:]
        /// The first few messages with each fault.
        public var examples: [Fault: [MessageID]] = [:]

        mutating func note(_ id: MessageID, as fault: Fault) {
            faults[fault, default: 0] += 1
            if examples[fault, default: []].count < Ledger.exampleCount { examples[fault, default: []].append(id) }
        }
    }

    /// The destination.
    public let destination: Destination
    /// How many different messages were sent to it, and confirmed.
    public var sent: Int
    /// What each group made of them.
    public var groups: [Group] = []

    init(destination: Destination, sent: Int) {
        self.destination = destination
        self.sent = sent
    }

    /// Handled, over all groups.
    public var handled: Int { groups.reduce(0) { $0 + $1.handled } }
    /// Dead-lettered, over all groups.
    public var deadLettered: Int { groups.reduce(0) { $0 + $1.deadLettered } }
    /// Not let through by a filter, over all groups.
    public var filtered: Int { groups.reduce(0) { $0 + $1.filtered } }
    /// Sent and never seen again, over all groups.
    public var lost: Int { count(.lost) }
    /// Ended more than once, over all groups.
    public var duplicated: Int { count(.duplicated) }
    /// Handled out of order, over all groups.
    public var reordered: Int { count(.reordered) }

    /// How many times a fault occurred, over all groups.
    public func count(_ fault: Fault) -> Int { groups.reduce(0) { $0 + ($1.faults[fault] ?? 0) } }
}
