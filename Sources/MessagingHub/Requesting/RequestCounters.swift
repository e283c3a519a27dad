import Synchronization

/// What a hub counts of requests and replies, on either side.
final class RequestCounters: Sendable {
    let sent = HubCounters.Counter()
    let answered = HubCounters.Counter()
    let timedOut = HubCounters.Counter()
    let unmatched = HubCounters.Counter()
    let replied = HubCounters.Counter()
    let unwanted = HubCounters.Counter()

    /// The counts of this moment.
    var snapshot: RequestMetrics {
        RequestMetrics(
            sent: sent.count, answered: answered.count, timedOut: timedOut.count, unmatched: unmatched.count,
            replied: replied.count, unwanted: unwanted.count)
    }
}

/// What a hub has counted of requests and replies since it was made. Each count only grows.
public struct RequestMetrics: Hashable, Sendable {
    /// Requests that it made.
    public var sent = 0
    /// Requests of its own that were answered, also with an error.
    public var answered = 0
    /// Requests of its own whose time was up.
    public var timedOut = 0
    /// Replies that resolved nothing: late ones, second ones, those of strangers.
    public var unmatched = 0
    /// Replies that it sent, errors among them.
    public var replied = 0
    /// Replies that it could not send, because nobody waited for them any more or their address was none.
    public var unwanted = 0
}
