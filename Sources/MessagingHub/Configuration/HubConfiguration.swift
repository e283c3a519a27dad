public import Messaging

/// Everything a hub is told: its brokers, its routes, and how it ends. Loaded from YAML, or built in code.
public struct HubConfiguration: Sendable {
    /// The brokers, by the names that routes use.
    public var brokers: [BrokerName: BrokerConfiguration]
    /// The routes, by name.
    public var routes: [RouteName: RouteConfiguration]
    /// What `hub run` does with the messages of some topics, by name. Default: nothing.
    public var subscriptions: [SubscriptionName: SubscriptionConfiguration]
    /// How long a shutdown may take: handlers finish, what they did is settled. Default: 30 s.
    public var grace: Duration
    /// What is logged, and how. Default: from info on, as text.
    public var log: LogConfiguration
    /// What is told of its own requests. Default: 10,000 may wait for their replies.
    public var requests = RequestConfiguration()
    /// The types of broker that were known when it was loaded, in this build or not; empty where it was built in code.
    public var profiles: [BrokerProfile]
    /// Where its values stand in the file that it was loaded from.
    var read = ReadValues()

    /// A configuration of these parts.
    public init(
        brokers: [BrokerName: BrokerConfiguration], routes: [RouteName: RouteConfiguration],
        subscriptions: [SubscriptionName: SubscriptionConfiguration] = [:],
        grace: Duration = .seconds(30), log: LogConfiguration = LogConfiguration(),
        profiles: [BrokerProfile] = []
    ) {
        self.brokers = brokers
        self.routes = routes
        self.subscriptions = subscriptions
        self.grace = grace
        self.log = log
        self.profiles = profiles
    }
}

/// A broker: its type and the values of its type's options.
public struct BrokerConfiguration: Sendable {
    /// What kind of broker it is.
    public var type: BrokerType
    /// The values of its options.
    public var options: OptionValues

    /// A broker of this type.
    public init(_ type: BrokerType, _ options: OptionValues = OptionValues()) {
        self.type = type
        self.options = options
    }
}

/// The name of a route.
public struct RouteName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name.
    public let name: String
    /// A route of this name.
    public init(_ name: String) { self.name = name }
    /// A route of this name.
    public init(stringLiteral value: String) { name = value }
    /// The name.
    public var description: String { name }
}
