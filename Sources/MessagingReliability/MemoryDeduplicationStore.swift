public import Messaging

/// A deduplication store in this process. Hubs that are given the same one share what they know.
///
/// It is gone with its process: a message that was handled before a restart is handled again if it comes again.
public final class MemoryDeduplicationStore: DeduplicationStore {
    private let table = Lock(DeduplicationTable())
    private let time: any TimeSource

    /// An empty store on this clock. Default: the machine's.
    public init(on time: any TimeSource = SystemTime.shared) { self.time = time }

    /// How many done keys it has.
    public var doneCount: Int { table.withLock { $0.doneCount } }
    /// How many leases.
    public var leaseCount: Int { table.withLock { $0.leaseCount } }
    /// How many done keys it has forgotten to make room. Where that grows, `max-keys` is too small for the window, and a
    /// message that comes again that late is handled again.
    public var evictedCount: Int { table.withLock { $0.evictedCount } }

    /// Takes a key for as long as the lease, or says why not.
    public func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async -> DeduplicationState {
        let now = time.uptime
        return table.withLock { $0.begin(key, by: holder, for: lease, at: now) }
    }

    /// Lets the lease of this holder begin anew; false when it has none.
    public func renew(_ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration) async -> Bool {
        let now = time.uptime
        return table.withLock { $0.renew(key, by: holder, for: lease, at: now) }
    }

    /// The work is done.
    public func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async {
        let now = time.uptime
        table.withLock { $0.finish(key, keeping: retention, at: now) }
    }

    /// The work has failed.
    public func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async {
        table.withLock { $0.free(key, by: holder) }
    }
}
