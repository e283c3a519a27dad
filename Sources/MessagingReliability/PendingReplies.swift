/// Which requests wait for a reply, and which of them a reply resolves: a value without a clock.
///
/// A reply resolves the request whose correlation id it carries, if that waits and its time is not up, once. Any other
/// reply resolves nothing: one that comes late, a second one, one from somebody who has not seen the request, whatever it
/// says otherwise. There is a limit of requests that wait.
public struct PendingReplies<Asker: Sendable>: Sendable {
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
