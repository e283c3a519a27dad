import Messaging
import Synchronization

/// What a hub counts, always: one or two atomic additions for each message that is published alone, as many for each batch
/// of others. Built with `-Xswiftc -DHUB_WITHOUT_COUNTERS` it counts nothing: so the benchmark finds out what that costs.
final class HubCounters: Sendable {
    struct Counter: ~Copyable, Sendable {
        private let value = Atomic<Int>(0)
        func add(_ number: Int) {
            #if !HUB_WITHOUT_COUNTERS
                value.add(number, ordering: .relaxed)
            #endif
        }
        var count: Int { value.load(ordering: .relaxed) }
    }

    let connectionAttempts = Counter()
    let connectionSuccesses = Counter()
    let connectionFailures = Counter()
    let brokerBlocks = Counter()
    let blockedNanoseconds = Counter()
    let published = Counter()
    /// Beside the others: messages that were published alone, and confirmed at once. Each of them is a call, too.
    let publishedAlone = Counter()
    let publishCalls = Counter()
    let publishNanoseconds = Counter()
    let bytesPublished = Counter()
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
            published: published.count + publishedAlone.count, publishFailed: publishFailed.count,
            publishRetried: publishRetried.count,
            received: received.count, handled: handled.count, failed: failed.count, retried: retried.count,
            released: released.count, deadLettered: deadLettered.count, dropped: dropped.count,
            settleFailed: settleFailed.count, stale: stale.count, duplicates: duplicates.count,
            deduplicationFailed: deduplicationFailed.count, connectionAttempts: connectionAttempts.count,
            connectionSuccesses: connectionSuccesses.count, connectionFailures: connectionFailures.count,
            brokerBlocks: brokerBlocks.count, brokerBlockedTotal: blockedNanoseconds.count,
            bytesPublished: bytesPublished.count,
            publishLatencyTotal: publishNanoseconds.count,
            publishLatencyCount: publishCalls.count + publishedAlone.count)
    }
}

extension HubCounters {
    /// A message was published alone, and confirmed at once. The clock is the cheap one, in steps: over many calls the
    /// steps cancel out.
    func publishedAlone(_ message: borrowing Message, since mark: Duration, on time: any TimeSource) {
        #if !HUB_WITHOUT_COUNTERS
            publishedAlone.add(1)
            bytesPublished.add(message.body.count)
            let taken = (time.coarseUptime - mark).nanoseconds
            if taken > 0 { publishNanoseconds.add(Int(taken)) }
        #endif
    }

    /// A call has published messages, all but those of these indices.
    func published(_ messages: [Message], but failed: [Int: PublishFailure.Outcome] = [:], taken: Duration) {
        published.add(messages.count - failed.count)
        publishFailed.add(failed.count)
        publishCalls.add(1)
        publishNanoseconds.add(Int(max(0, taken.nanoseconds)))
        var bytes = 0
        for index in messages.indices where failed.isEmpty || failed[index] == nil {
            bytes += messages[index].body.count
        }
        bytesPublished.add(bytes)
    }
}
