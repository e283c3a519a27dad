public import Messaging

/// Which keys are leased and which are done, in memory: a value, changed by what happens and by what time it is.
///
/// It cannot grow without bounds. Of each route it has at most as many done keys as its retention says, and as many
/// leases as there are handlers that run; those that the dead left behind go when they are over.
public struct DeduplicationTable: Sendable {
    fileprivate struct Scope: Hashable, Sendable {
        let broker: BrokerName
        let route: String
    }

    fileprivate struct Lease: Sendable {
        let holder: DeduplicationHolder
        var end: Duration
    }

    fileprivate struct Done: Sendable {
        let end: Duration
        let number: UInt64
    }

    fileprivate struct Place: Sendable {
        let key: DeduplicationKey
        let number: UInt64
    }

    fileprivate struct Keys: Sendable {
        var leases: [DeduplicationKey: Lease] = [:]
        /// How many leases there are before those that are over are looked for.
        var crowd = 64
        var done: [DeduplicationKey: Done] = [:]
        /// The done keys, the oldest first, and some that were done again since.
        var order = RingBuffer<Place>()
    }

    private var scopes: [Scope: Keys] = [:]
    private var count: UInt64 = 0
    /// How many done keys were forgotten to make room, before their window was over.
    public private(set) var evictedCount = 0

    /// An empty table.
    public init() {}

    /// How many keys are done, those whose window is over but that were not asked for since among them.
    public var doneCount: Int { scopes.values.reduce(0) { $0 + $1.done.count } }
    /// How many keys are leased, the same.
    public var leaseCount: Int { scopes.values.reduce(0) { $0 + $1.leases.count } }

    /// Takes a key for as long as the lease, or says why not.
    public mutating func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration, at now: Duration
    ) -> DeduplicationState {
        change(key) { keys in
            keys.forgetOld(at: now)
            if let done = keys.done[key] {
                if done.end > now { return .done }
                keys.done[key] = nil
            }
            if let lease = keys.leases[key], lease.end > now, lease.holder != holder {
                return .busy(for: lease.end - now)
            }
            keys.leases[key] = Lease(holder: holder, end: now.later(by: lease))
            if keys.leases.count > keys.crowd { keys.thin(at: now) }
            return .fresh
        }
    }

    /// Lets the lease of this holder begin anew; false when it has none.
    public mutating func renew(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration, at now: Duration
    ) -> Bool {
        change(key) { keys in
            guard keys.leases[key]?.holder == holder else { return false }
            keys.leases[key]?.end = now.later(by: lease)
            return true
        }
    }

    /// The work is done, whoever has the lease by now.
    public mutating func finish(
        _ key: DeduplicationKey, keeping retention: DeduplicationRetention, at now: Duration
    ) {
        count += 1
        let number = count
        evictedCount += change(key) { keys in
            keys.leases[key] = nil
            keys.forgetOld(at: now)
            keys.done[key] = Done(end: now.later(by: retention.window), number: number)
            keys.order.append(Place(key: key, number: number))
            var evicted = 0
            while keys.order.count > max(1, retention.maximumKeys) { evicted += keys.forgetOldest() }
            return evicted
        }
    }

    /// The work has failed: the lease of this holder ends.
    public mutating func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) {
        change(key) { keys in if keys.leases[key]?.holder == holder { keys.leases[key] = nil } }
    }

    private mutating func change<Result>(_ key: DeduplicationKey, _ edit: (inout Keys) -> Result) -> Result {
        edit(&scopes[Scope(broker: key.broker, route: key.route), default: Keys()])
    }
}

extension DeduplicationTable.Keys {
    /// Forgets the done keys at the front whose window is over, and what stands for none any more.
    fileprivate mutating func forgetOld(at now: Duration) {
        while let oldest = order.first {
            if let done = done[oldest.key], done.number == oldest.number, done.end > now { return }
            _ = forgetOldest()
        }
    }

    /// Forgets the place at the front; 1 when a key went with it.
    fileprivate mutating func forgetOldest() -> Int {
        guard let oldest = order.popFirst(), done[oldest.key]?.number == oldest.number else { return 0 }
        done[oldest.key] = nil
        return 1
    }

    /// Forgets the leases that are over: those whose holders died, and whose messages never came again.
    fileprivate mutating func thin(at now: Duration) {
        leases = leases.filter { $0.value.end > now }
        crowd = max(64, 2 * leases.count)
    }
}

extension Duration {
    /// A hundred years later at most, so that no length that a caller gives overflows.
    fileprivate func later(by length: Duration) -> Duration {
        self + min(max(.zero, length), .seconds(100 * 365 * 86_400))
    }
}
