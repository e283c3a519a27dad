/// What a hub has counted since it was made. Counts of one moment; each only grows.
public struct HubMetrics: Hashable, Sendable {
    /// Messages whose publish was confirmed.
    public var published: Int
    /// Messages whose publish failed for good, or of which it is not known whether they arrived.
    public var publishFailed: Int
    /// Messages that were published again after a failure; each time counts.
    public var publishRetried: Int
    /// Deliveries that the brokers handed out.
    public var received: Int
    /// Deliveries whose handler returned.
    public var handled: Int
    /// Runs that failed: their handler threw, took too long, rejected the message or could not read it.
    public var failed: Int
    /// Failed runs that are followed by another one.
    public var retried: Int
    /// Deliveries that went back uncounted: a shutdown, a lost hold.
    public var released: Int
    /// Messages that went to a dead-letter destination, and are there.
    public var deadLettered: Int
    /// Messages of a live broadcast that no handler took.
    public var dropped: Int
    /// Settlements that failed; each is repeated until it is written, or its hold is gone.
    public var settleFailed: Int
    /// Settlements that came too late: the delivery was not held any more, and comes again.
    public var stale: Int
    /// Deliveries that were accepted without a run, because their message was handled before.
    public var duplicates: Int
    /// Calls to a deduplication store that failed, and leases that were lost while their handler ran.
    public var deduplicationFailed: Int
    /// Done keys that the deduplication store forgot to make room, whichever hub it was for.
    public var deduplicationEvicted = 0
    /// Requests and replies.
    public var requests = RequestMetrics()
    /// Times that a broker was to be connected: at the start, and again when it came back by itself.
    public var connectionAttempts = 0
    /// Those that succeeded.
    public var connectionSuccesses = 0
    /// Those that failed. What a backend tries in vain while it reconnects is not told, and not counted.
    public var connectionFailures = 0
    /// Times that a broker said that it accepts nothing for now.
    public var brokerBlocks = 0
    /// How long that was, of those times that are over, together, in nanoseconds.
    public var brokerBlockedTotal = 0
    /// The bytes of the bodies of the messages whose publish was confirmed.
    public var bytesPublished = 0
    /// What all publishes took together, in nanoseconds. One that publishes a single message is measured by a clock that
    /// moves in steps of a few milliseconds, which cancel out over many; with a metrics or a trace sink exactly.
    public var publishLatencyTotal = 0
    /// How many publishes that were: calls, each of one message or many.
    public var publishLatencyCount = 0
    /// Times that a broker had to stand in for one that could not be reached.
    public var fallbacks = 0
    /// Messages that a broker took that stood in.
    public var diverted = 0
    /// Log records that a slow sink could not take.
    public var logsLost = 0
    /// Values of histograms that a slow sink could not take.
    public var measurementsLost = 0
    /// Spans that a slow sink could not take.
    public var spansLost = 0
    /// Audit records that a slow sink could not take.
    public var auditRecordsLost = 0
}

extension HubMetrics {
    /// Every counter under the name by which a metrics sink gets it.
    public var named: [(name: String, unit: String, value: Int)] {
        [
            ("ConnectionAttempts", "{connection}", connectionAttempts),
            ("ConnectionSuccesses", "{connection}", connectionSuccesses),
            ("ConnectionFailures", "{connection}", connectionFailures),
            ("BrokerBlocks", "{block}", brokerBlocks), ("BrokerBlockedTotal", "ns", brokerBlockedTotal),
            ("MessagesPublished", "{message}", published + publishFailed), ("PublishSuccesses", "{message}", published),
            ("PublishFailures", "{message}", publishFailed), ("PublishRetries", "{message}", publishRetried),
            ("BytesPublished", "By", bytesPublished), ("MessagesReceived", "{message}", received),
            ("MessagesProcessed", "{message}", handled), ("MessagesFailed", "{message}", failed),
            ("MessagesRetried", "{message}", retried), ("MessagesReleased", "{message}", released),
            ("MessagesDeadLettered", "{message}", deadLettered), ("MessagesDropped", "{message}", dropped),
            ("SettlementsFailed", "{settlement}", settleFailed), ("SettlementsStale", "{settlement}", stale),
            ("MessagesDuplicated", "{message}", duplicates),
            ("DeduplicationsFailed", "{call}", deduplicationFailed),
            ("DeduplicationKeysEvicted", "{key}", deduplicationEvicted),
            ("RequestsSent", "{request}", requests.sent), ("RequestsAnswered", "{request}", requests.answered),
            ("RequestsTimedOut", "{request}", requests.timedOut), ("RepliesUnmatched", "{reply}", requests.unmatched),
            ("RepliesSent", "{reply}", requests.replied), ("RepliesUnwanted", "{reply}", requests.unwanted),
            ("PublishLatencyTotal", "ns", publishLatencyTotal), ("PublishLatencyCount", "{call}", publishLatencyCount),
            ("FallbacksUsed", "{change}", fallbacks), ("MessagesDiverted", "{message}", diverted),
            ("LogsLost", "{record}", logsLost), ("MeasurementsLost", "{value}", measurementsLost),
            ("SpansLost", "{span}", spansLost), ("AuditRecordsLost", "{record}", auditRecordsLost),
        ]
    }

    /// The counter of this name, such as `MessagesPublished`; nil when there is none.
    public subscript(name: String) -> Int? { named.first { $0.name == name }?.value }
}
