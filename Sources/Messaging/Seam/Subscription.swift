/// What a consumer is to receive, and how much of it at a time.
public struct Subscription: Hashable, Sendable {
    /// From where.
    public enum Source: Hashable, Sendable {
        /// From this destination.
        case destination(Destination)
        /// From the topics that match: any topic on pubSub, the declared destinations on a stream.
        case pattern(TopicPattern, DestinationKind)
    }

    /// When it ends by itself.
    public enum Until: Hashable, Sendable {
        /// At the end as it is when `subscribe` is called, once its group has settled everything up to there.
        case end
    }

    /// From where.
    public var source: Source
    /// The group of a stream; nil for a queue and for pubSub.
    public var group: GroupName?
    /// When it ends by itself; nil: never.
    public var until: Until?
    /// How many deliveries may be unsettled at once. Default: 256; at least 1.
    public var window: Int
    /// How many bytes may be unsettled at once; one message is always let through. Default: 16 MiB.
    public var windowBytes: Int
    /// How long a delivery may be held before it goes back. Default: 30 min; at most `limits.maxHold`.
    public var maxHold: Duration

    /// A subscription to a destination.
    public init(
        _ destination: Destination, group: GroupName? = nil, until: Until? = nil, window: Int = 256,
        windowBytes: Int = 16 << 20, maxHold: Duration = .seconds(1800)
    ) {
        source = .destination(destination)
        self.group = group
        self.until = until
        self.window = window
        self.windowBytes = windowBytes
        self.maxHold = maxHold
    }

    /// A subscription to the topics that match a pattern.
    public init(_ pattern: TopicPattern, kind: DestinationKind, group: GroupName? = nil, window: Int = 256) {
        self.init(Destination(Topic(unchecked: pattern.text), kind), group: group, window: window)
        source = .pattern(pattern, kind)
    }

    /// The kind of what it receives from.
    public var kind: DestinationKind {
        switch source {
        case .destination(let destination): destination.kind
        case .pattern(_, let kind): kind
        }
    }

    /// What it receives from, for messages: `queue orders`, `stream orders.* (group billing)`.
    public var label: String {
        let from: String =
            switch source {
            case .destination(let destination): destination.description
            case .pattern(let pattern, let kind): "\(kind) \(pattern)"
            }
        return group.map { "\(from) (group \($0))" } ?? from
    }
}
