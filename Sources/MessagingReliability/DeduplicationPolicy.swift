public import Messaging

/// How long a message that was handled is known again, and how long one that is being handled is left alone.
public struct DeduplicationPolicy: Hashable, Sendable {
    /// How long a message that was handled is known again. Default: 10 min.
    public var window: Duration
    /// How many of them are known at most; beyond that the oldest are forgotten first. Default: 100,000.
    public var maximumKeys: Int
    /// After what time without a sign of life of its handler another may begin. Default: 60 s.
    public var lease: Duration
    /// Whether the lease is renewed while the handler works. Default: it is.
    public var renews: Bool

    /// A policy of these numbers.
    public init(
        window: Duration = .seconds(600), maximumKeys: Int = 100_000, lease: Duration = .seconds(60),
        renews: Bool = true
    ) {
        self.window = window
        self.maximumKeys = maximumKeys
        self.lease = lease
        self.renews = renews
    }

    /// How often the leases of running handlers are renewed: two renewals may be missed, and the lease stands.
    public var renewalInterval: Duration { max(lease / 3, .milliseconds(1)) }

    /// What a store is to keep.
    public var retention: DeduplicationRetention { DeduplicationRetention(window: window, maximumKeys: maximumKeys) }

    /// When to look again at a message that another handles, whose lease has this long to go, after so many looks: soon
    /// at first, then every second, and when the lease is over.
    public func pause(leaseLeft: Duration, looks: Int) -> Duration {
        let patience = min(Duration.milliseconds(50) * (1 << min(max(0, looks), 5)), .seconds(1))
        return max(.milliseconds(1), min(leaseLeft, patience))
    }
}
