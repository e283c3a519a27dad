import Synchronization

/// What a hub counts, always: one atomic addition for each batch of messages.
final class HubCounters: Sendable {
    struct Counter: ~Copyable, Sendable {
        private let value = Atomic<Int>(0)
        func add(_ number: Int) { value.add(number, ordering: .relaxed) }
        var count: Int { value.load(ordering: .relaxed) }
    }

    let published = Counter()
    let publishFailed = Counter()
    let publishRetried = Counter()
    let received = Counter()
    let handled = Counter()
    let failed = Counter()
    let retried = Counter()
    let released = Counter()
    let deadLettered = Counter()
    let dropped = Counter()
    let settleFailed = Counter()
    let stale = Counter()
    let duplicates = Counter()
    let deduplicationFailed = Counter()

    /// The counts of this moment.
    var snapshot: HubMetrics {
        HubMetrics(
            published: published.count, publishFailed: publishFailed.count, publishRetried: publishRetried.count,
            received: received.count, handled: handled.count, failed: failed.count, retried: retried.count,
            released: released.count, deadLettered: deadLettered.count, dropped: dropped.count,
            settleFailed: settleFailed.count, stale: stale.count, duplicates: duplicates.count,
            deduplicationFailed: deduplicationFailed.count)
    }
}
