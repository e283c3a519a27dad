/// What a broker reports by itself, each change once.
public enum BrokerEvent: Hashable, Sendable {
    /// Connected, for the first time or again.
    case up
    /// The connection is gone; the backend is reconnecting.
    case down(BrokerError)
    /// The broker accepts nothing for now, for this reason (memory, disk); publishing waits.
    case blocked(String)
    /// The broker accepts again, or the connection on which it did not is gone.
    case unblocked
    /// A pubSub subscriber has missed messages; how many where the broker can tell.
    case gap(subscription: String, missed: Int?)
    /// These lanes are going to another member: what was not begun is not to be begun.
    case revoked(subscription: String, lanes: [Int32])
    /// A subscription gives no more, for this reason.
    case ended(subscription: String, BrokerError)
}

/// How a broker is.
public struct BrokerHealth: Hashable, Sendable {
    /// In one word.
    public enum State: String, Hashable, Sendable {
        /// Connected, and everything works.
        case connected
        /// Connected, but something does not work: blocked, a subscription has ended.
        case degraded
        /// Not connected.
        case disconnected
        /// `close` was called.
        case closed
    }

    /// What a subscription has met.
    public struct SubscriptionHealth: Hashable, Sendable {
        /// What it receives from.
        public var label: String
        /// Messages that its group's filter did not let through, and that were passed over.
        public var filtered: Int
        /// Messages that expired before they were handed out, where the capability says it can tell.
        public var expired: Int
        /// Messages that a slow pubSub subscriber has missed.
        public var gaps: Int

        /// A subscription that has met these.
        public init(label: String, filtered: Int = 0, expired: Int = 0, gaps: Int = 0) {
            self.label = label
            self.filtered = filtered
            self.expired = expired
            self.gaps = gaps
        }
    }

    /// In one word.
    public var state: State
    /// How many consumers are alive.
    public var consumers: Int
    /// What each subscription has met.
    public var subscriptions: [SubscriptionHealth]
    /// In a sentence, where it is not connected.
    public var reason: String?

    /// A health of these parts.
    public init(
        _ state: State, consumers: Int = 0, subscriptions: [SubscriptionHealth] = [], reason: String? = nil
    ) {
        self.state = state
        self.consumers = consumers
        self.subscriptions = subscriptions
        self.reason = reason
    }
}
