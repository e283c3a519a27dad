/// The order in which the hub's own policies stand around a publish and around a handler, outermost first.
///
/// The order is fixed: no configuration can bring it into one that loses messages. What a program adds stands around
/// the whole. Three stages are named here for their places alone, and are not part of this package yet: `spool` keeps
/// on disk what no broker takes, `circuitBreaker` stops trying what keeps failing, `deduplicate` runs an id once.
public enum Pipeline {
    /// A stage of either direction.
    public enum Stage: String, Hashable, Sendable {
        /// Counts, measures, logs.
        case observe
        /// Keeps what no broker takes.
        case spool
        /// Stops trying what keeps failing.
        case circuitBreaker
        /// Keeps what is given up.
        case deadLetter
        /// Tries again.
        case retry
        /// Runs an id once.
        case deduplicate
        /// Limits a single try.
        case timeout
    }

    /// Around a publish: a repetition passes the time-out anew, and a breaker sees the outcome of all repetitions.
    public static let publish: [Stage] = [.observe, .spool, .circuitBreaker, .retry, .timeout]
    /// Around a handler: a duplicate is recognised inside of the retries, so that a failed run leaves no mark that
    /// would make its repetition a duplicate.
    public static let consume: [Stage] = [.observe, .circuitBreaker, .deadLetter, .retry, .deduplicate, .timeout]
}
