/// When a circuit breaker opens, how long it stays open, and what closes it again.
public struct CircuitBreakerPolicy: Hashable, Sendable {
    /// How many failures in a row open it. Default: 5; at least 1.
    public var failures: Int
    /// How long it stays open. Default: 30 s.
    public var reset: Duration
    /// How many calls it then lets through; it closes when so many have gone well. Default: 1; at least 1.
    public var probes: Int

    /// A policy of these numbers.
    public init(failures: Int = 5, reset: Duration = .seconds(30), probes: Int = 1) {
        self.failures = failures
        self.reset = reset
        self.probes = probes
    }
}
