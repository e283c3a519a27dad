/// Which requests wait for a reply, and which of them a reply resolves: a value without a clock.
///
/// A reply resolves the request whose correlation id it carries, if that waits and its time is not up, once. Any other
/// reply resolves nothing: one that comes late, a second one, one from somebody who has not seen the request, whatever it
/// says otherwise. There is a limit of requests that wait.
public struct PendingReplies<Asker: Sendable>: ReplyMatching {
    private struct Entry: Sendable {
        let asker: Asker
        let deadline: Duration
    }

    /// How many may wait.
    public let capacity: Int
    private var entries: [CorrelationID: Entry] = [:]

    /// None, of this many at most.
    public init(capacity: Int) { self.capacity = capacity }

    /// How many wait.
    public var count: Int { entries.count }

    /// A request waits until this moment of uptime; false, and it does not, when as many wait as may.
    public mutating func add(_ asker: Asker, as id: CorrelationID, until deadline: Duration) -> Bool {
        guard entries.count < capacity, entries[id] == nil else { return false }
        entries[id] = Entry(asker: asker, deadline: deadline)
        return true
    }

    /// Until when a request waits; nil: it does not.
    package func deadline(of id: CorrelationID) -> Duration? { entries[id]?.deadline }

    /// Who is to get a reply that carries this correlation id and is there now; nil: nobody. Who gets it waits no more.
    public mutating func resolve(_ correlationID: String?, at now: Duration) -> Asker? {
        guard let id = correlationID.flatMap(CorrelationID.init), let entry = entries[id], now < entry.deadline else {
            return nil
        }
        entries[id] = nil
        return entry.asker
    }

    /// A request waits no more: it was answered, its time was up, or it was cancelled.
    public mutating func remove(_ id: CorrelationID) { entries[id] = nil }

    /// No request waits any more; who did.
    public mutating func removeAll() -> [Asker] {
        defer { entries = [:] }
        return entries.values.map(\.asker)
    }
}

/// What knows which requests wait, until when, and which of them a reply resolves. There is one that decides right; tests
/// bring ones that do not.
package protocol ReplyMatching<Asker>: Sendable {
    associatedtype Asker: Sendable
    /// How many wait.
    var count: Int { get }
    /// A request waits; false where as many wait as may.
    mutating func add(_ asker: Asker, as id: CorrelationID, until deadline: Duration) -> Bool
    /// Until when a request waits; nil: it does not.
    func deadline(of id: CorrelationID) -> Duration?
    /// Who is to get a reply that carries this correlation id; nil: nobody.
    mutating func resolve(_ correlationID: String?, at now: Duration) -> Asker?
    /// A request waits no more.
    mutating func remove(_ id: CorrelationID)
    /// No request waits any more; who did.
    mutating func removeAll() -> [Asker]
}
