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
    /// Requests and replies.
    public var requests = RequestMetrics()
}
