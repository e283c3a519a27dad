/// How often a message is tried, and how long to wait between the runs.
public struct RetryPolicy: Hashable, Sendable {
    /// How the delay grows with the number of runs.
    public enum Backoff: String, Hashable, Sendable, CaseIterable {
        /// It stays at `delay`.
        case constant
        /// It grows by `delay` with each run.
        case linear
        /// It is multiplied with each run.
        case exponential
    }

    /// How many runs there are in all, the first one included. Default: 5; at least 1.
    public var attempts: Int
    /// How the delay grows. Default: exponentially.
    public var backoff: Backoff
    /// The delay after the first run. Default: 1 s.
    public var delay: Duration
    /// No delay is longer, jitter included. Default: 60 s.
    public var maximumDelay: Duration
    /// What an exponential delay is multiplied with. Default: 2.
    public var multiplier: Double
    /// The share of a delay that is drawn by chance and taken off it, 0 to 1. Default: 0.
    public var jitter: Double

    /// A policy of these numbers.
    public init(
        attempts: Int = 5, backoff: Backoff = .exponential, delay: Duration = .seconds(1),
        maximumDelay: Duration = .seconds(60), multiplier: Double = 2, jitter: Double = 0
    ) {
        self.attempts = attempts
        self.backoff = backoff
        self.delay = delay
        self.maximumDelay = maximumDelay
        self.multiplier = multiplier
        self.jitter = jitter
    }
}
