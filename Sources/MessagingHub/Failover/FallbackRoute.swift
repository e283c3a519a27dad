public import Messaging

/// Which broker stands in for the one of a route while that cannot be reached.
public struct FallbackRoute: Hashable, Sendable {
    /// The broker that stands in.
    public var broker: BrokerName
    /// Whether messages of a durable queue or stream may go there too, where they are as safe as that broker keeps them.
    /// Default: they may not, and a durable route that does not say so is refused.
    public var divertsDurable: Bool

    /// This broker stands in.
    public init(_ broker: BrokerName, divertsDurable: Bool = false) {
        self.broker = broker
        self.divertsDurable = divertsDurable
    }
}

extension RouteConfiguration {
    /// The name of what serves the route: its broker, or that and the one that stands in, as one.
    var place: BrokerName {
        guard let fallback else { return broker }
        return BrokerName("\(broker)+\(fallback.broker)")
    }
}
