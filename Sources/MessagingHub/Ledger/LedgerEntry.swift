public import Messaging

/// The account of one destination.
public struct LedgerEntry: Hashable, Sendable {
    /// What is counted of messages. From `duplicated` on it is what can be wrong with one.
    public enum Count: String, Hashable, Sendable, CaseIterable {
        /// A different message, sent to the destination and confirmed.
        case sent
        /// A different message, handled.
        case handled
        /// A different message, dead-lettered and not handled.
        case deadLettered = "dead-lettered"
        /// A message that the group's filter did not let through.
        case filtered
        /// Ended more than once: handled again, or handled and dead-lettered. Each further time counts.
        case duplicated
        /// Handled for the first time after a later one of its key.
        case reordered
        /// Sent, and neither handled nor dead-lettered nor filtered.
        case lost
        /// Handled or dead-lettered though its publish was never confirmed.
        case unconfirmed
    }

    /// What one group made of the messages; on a queue and on pubSub the group without a name.
    public struct Group: Hashable, Sendable {
        /// The group; nil where there are none.
        public var name: GroupName?
        /// How many times each occurred that did.
        public var counts: [Count: Int] = [:]
        /// The first five messages of each count.
        public var examples: [Count: [MessageID]] = [:]

        /// How many different messages were handled.
        public var handled: Int { counts[.handled] ?? 0 }
        /// How many different messages were dead-lettered and not handled.
        public var deadLettered: Int { counts[.deadLettered] ?? 0 }
        /// How many the group's filter did not let through.
        public var filtered: Int { counts[.filtered] ?? 0 }

        mutating func note(_ id: MessageID, as count: Count) {
            counts[count, default: 0] += 1
            if examples[count, default: []].count < Ledger.exampleCount { examples[count, default: []].append(id) }
        }
    }

    /// The destination.
    public let destination: Destination
    /// How many different messages were sent to it, and confirmed.
    public let sent: Int
    /// What each group made of them.
    public var groups: [Group] = []

    private let firstSent: [MessageID]

    init(destination: Destination, sent: [MessageID]) {
        self.destination = destination
        self.sent = sent.count
        firstSent = Array(sent.prefix(Ledger.exampleCount))
    }

    /// Handled, over all groups.
    public var handled: Int { count(.handled) }
    /// Dead-lettered, over all groups.
    public var deadLettered: Int { count(.deadLettered) }
    /// Not let through by a filter, over all groups.
    public var filtered: Int { count(.filtered) }
    /// Sent and never seen again, over all groups.
    public var lost: Int { count(.lost) }
    /// Ended more than once, over all groups.
    public var duplicated: Int { count(.duplicated) }
    /// Handled out of order, over all groups.
    public var reordered: Int { count(.reordered) }

    /// How often something is counted, over all groups.
    public func count(_ count: Count) -> Int {
        count == .sent ? sent : groups.reduce(0) { $0 + ($1.counts[count] ?? 0) }
    }

    /// The first five messages of a count, group after group.
    public func examples(of count: Count) -> [MessageID] {
        count == .sent ? firstSent : Array(groups.flatMap { $0.examples[count] ?? [] }.prefix(Ledger.exampleCount))
    }
}
