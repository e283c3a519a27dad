import Messaging
import MessagingHub

/// The messages that somebody in this process is going to handle, each counted once for each listener and each time that
/// it was published: from before its publish is confirmed until it is settled for good, its delays left out.
struct Outstanding: Sendable {
    /// Who hears a destination: a queue's members together, a group's members together, each consumer of pubSub.
    struct Listener: Hashable, Sendable {
        let broker: BrokerName
        let source: Subscription.Source
        let group: GroupName?
        /// 0, and on pubSub the number of the consumer.
        let number: Int

        func hears(_ destination: Destination) -> Bool {
            switch source {
            case .destination(let own): own == destination
            case .pattern(let pattern, let kind): kind == destination.kind && pattern.matches(destination.topic)
            }
        }
    }

    private struct Entry: Sendable {
        /// It is not to be handled before.
        var due: Timestamp?
        /// It is not handled after.
        var expires: Timestamp?
    }

    private struct GroupKey: Hashable, Sendable {
        let broker: BrokerName
        let destination: Destination
        let group: GroupName
    }

    private var members: [Listener: Int] = [:]
    private var filters: [GroupKey: HeaderFilter] = [:]
    /// How long a message waits in a queue.
    private var retentions: [BrokerName: [Destination: Duration]] = [:]
    private var entries: [MessageID: [Listener: [Entry]]] = [:]

    /// Somebody listens.
    mutating func joined(_ listener: Listener) { members[listener, default: 0] += 1 }

    /// Somebody listens no more; where it was the last one, nothing is to be handled there.
    mutating func left(_ listener: Listener) {
        members[listener, default: 1] -= 1
        if members[listener] != 0 { return }
        members[listener] = nil
        for id in entries.keys { update(id, for: listener) { $0 = [] } }
    }

    /// What the groups of a declaration filter, and how long a queue keeps a message.
    mutating func declared(_ declaration: DestinationDeclaration, at broker: BrokerName) {
        let destination = declaration.destination
        if destination.kind == .queue { retentions[broker, default: [:]][destination] = declaration.retention }
        for (group, facts) in declaration.groups {
            filters[GroupKey(broker: broker, destination: declaration.destination, group: group)] = facts.filter
        }
    }

    /// A message is about to be published: it counts for everybody who listens.
    mutating func publishing(
        _ message: Message, to destination: Destination, at broker: BrokerName, now: Timestamp
    ) {
        let over = retentions[broker]?[destination].map { max(now, message.notBefore ?? now) + $0 }
        let end = [over, message.expiration].compactMap(\.self).min()
        for listener in members.keys where listener.broker == broker && listener.hears(destination) {
            let key = listener.group.map { GroupKey(broker: broker, destination: destination, group: $0) }
            if let filter = key.flatMap({ filters[$0] }), !filter.matches(message.headers) { continue }
            let entry = Entry(due: message.notBefore, expires: end)
            update(message.id, for: listener) { $0.append(entry) }
        }
    }

    /// Its publish failed.
    mutating func refused(_ message: Message, to destination: Destination, at broker: BrokerName) {
        for listener in members.keys where listener.broker == broker && listener.hears(destination) {
            update(message.id, for: listener) { _ = $0.popLast() }
        }
    }

    /// It was handed out: whatever was waited for is over. Of several with this id, it is one that waits for nothing, or
    /// else the next that is due.
    mutating func received(_ id: MessageID, by listener: Listener) {
        if members[listener] == nil { return }
        update(id, for: listener) { entries in
            if let next = Self.next(of: entries) { entries[next] = Entry() } else { entries = [Entry()] }
        }
    }

    /// It waits until this moment, in the broker or in the hub.
    mutating func waits(_ id: MessageID, from source: HubProbeSource, until due: Timestamp) {
        for listener in entries[id, default: [:]].keys
        where listener.broker == source.broker && listener.group == source.group {
            update(id, for: listener) { entries in
                if let next = Self.next(of: entries) { entries[next].due = due }
            }
        }
    }

    /// It was settled for good.
    mutating func settled(_ id: MessageID, by listener: Listener) {
        update(id, for: listener) { entries in
            if let settled = Self.next(of: entries) { entries.remove(at: settled) }
        }
    }

    /// How many are to be handled now. What waits for a later moment is not, nor what has expired.
    func count(at now: Timestamp) -> Int {
        entries.values.reduce(0) { sum, listeners in
            sum
                + listeners.values.joined().count { entry in
                    entry.due.map { $0 <= now } ?? true && entry.expires.map { $0 > now } ?? true
                }
        }
    }

    /// One that waits for nothing, or else the one that is due first.
    private static func next(of entries: [Entry]) -> Int? {
        let dues = entries.map { $0.due ?? Timestamp(milliseconds: .min) }
        return dues.indices.min { dues[$0] < dues[$1] }
    }

    private mutating func update(_ id: MessageID, for listener: Listener, _ edit: (inout [Entry]) -> Void) {
        edit(&entries[id, default: [:]][listener, default: []])
        if entries[id]?[listener]?.isEmpty == true { entries[id]?[listener] = nil }
        if entries[id]?.isEmpty == true { entries[id] = nil }
    }
}
