public import Messaging

/// An exact account of what happened to messages: what was sent, and what every group of a destination made of it.
/// A value; counts follow from the history alone.
public struct Ledger: Sendable {
    struct Sent: Sendable {
        var index: [MessageID: Int] = [:]
        var ids: [MessageID] = []
        var keys: [String?] = []
        var groups: [GroupName?: History] = [:]
    }

    struct History: Sendable {
        var handled: [MessageID] = []
        var deadLettered: [MessageID] = []
        var filtered: [MessageID] = []
    }

    /// How many ids are named as examples of a count.
    public static let exampleCount = 5
    private var destinations: [Destination: Sent] = [:]

    /// An account of nothing.
    public init() {}

    /// A publish was confirmed. Messages of one key are to be handled in the order of these calls. A message counts once.
    public mutating func sent(_ message: Message, to destination: Destination) {
        func add(to account: inout Sent) {
            if account.index[message.id] != nil { return }
            account.index[message.id] = account.ids.count
            account.ids.append(message.id)
            account.keys.append(message.key)
        }
        add(to: &destinations[destination, default: Sent()])
    }

    /// This group is to see every message of a destination. A queue needs no such call, and a group that has handled
    /// something needs none either.
    public mutating func expect(_ group: GroupName?, of destination: Destination) {
        func add(to account: inout Sent) { if account.groups[group] == nil { account.groups[group] = History() } }
        add(to: &destinations[destination, default: Sent()])
    }

    /// A handler returned.
    public mutating func handled(_ id: MessageID, from destination: Destination, group: GroupName? = nil) {
        destinations[destination, default: Sent()].groups[group, default: History()].handled.append(id)
    }

    /// A dead letter arrived.
    public mutating func deadLettered(_ id: MessageID, from destination: Destination, group: GroupName? = nil) {
        destinations[destination, default: Sent()].groups[group, default: History()].deadLettered.append(id)
    }

    /// A group's filter did not let a message through.
    public mutating func filtered(_ id: MessageID, from destination: Destination, group: GroupName? = nil) {
        destinations[destination, default: Sent()].groups[group, default: History()].filtered.append(id)
    }

    /// The account of each destination, in the order of their kinds and topics.
    public var entries: [LedgerEntry] {
        destinations.keys.sorted { ($0.kind.rawValue, $0.topic.name) < ($1.kind.rawValue, $1.topic.name) }
            .map { entry(of: $0) }
    }

    /// The account of one destination; all zero where nothing is known of it.
    public func entry(of destination: Destination) -> LedgerEntry {
        let sent = destinations[destination] ?? Sent()
        var entry = LedgerEntry(destination: destination, sent: sent.ids)
        let groups = sent.groups.isEmpty ? [nil: History()] : sent.groups
        for (group, history) in groups.sorted(by: { ($0.key?.name ?? "") < ($1.key?.name ?? "") }) {
            entry.groups.append(Self.account(of: group, history, against: sent))
        }
        return entry
    }

    private static func account(of group: GroupName?, _ history: History, against sent: Sent) -> LedgerEntry.Group {
        var account = LedgerEntry.Group(name: group)
        var ends: [MessageID: Int] = [:]
        var newest: [String: Int] = [:]
        for id in history.handled {
            guard let index = sent.index[id] else {
                account.note(id, as: .unconfirmed)
                continue
            }
            ends[id, default: 0] += 1
            if ends[id] != 1 { continue }
            account.note(id, as: .handled)
            guard let key = sent.keys[index] else { continue }
            if index < newest[key] ?? -1 { account.note(id, as: .reordered) }
            newest[key] = max(index, newest[key] ?? -1)
        }
        for id in history.deadLettered {
            guard sent.index[id] != nil else {
                account.note(id, as: .unconfirmed)
                continue
            }
            ends[id, default: 0] += 1
            if ends[id] == 1 { account.note(id, as: .deadLettered) }
        }
        for id in history.filtered where sent.index[id] != nil && ends[id] == nil {
            ends[id] = 1
            account.note(id, as: .filtered)
        }
        for id in sent.ids {
            let count = ends[id] ?? 0
            if count == 0 { account.note(id, as: .lost) }
            for _ in 1..<max(1, count) { account.note(id, as: .duplicated) }
        }
        return account
    }
}
