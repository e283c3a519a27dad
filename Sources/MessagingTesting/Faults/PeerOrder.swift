public import Messaging

/// What a peer process is told to do: a program that reads these as its arguments is a client of one broker, publishes to
/// one destination or consumes from it, and reports each step on its standard output as a `PeerEvent`.
public struct PeerOrder: Hashable, Sendable {
    /// The configuration file that names the broker.
    public var configuration: String
    /// Which of its brokers.
    public var broker: BrokerName
    /// What it publishes to or consumes from.
    public var destination: Destination
    /// The group that it consumes as, on a stream. Default: none.
    public var group: GroupName?
    /// Whether it declares the destination first. Default: it does not.
    public var declares = false
    /// How many messages it publishes, 16 calls at a time. Default: none.
    public var publishes = 0
    /// Whether it consumes: receives, reports, accepts, reports, until it is ended. Default: it does not, and ends once
    /// everything is published.
    public var consumes = false

    /// Nothing but these.
    public init(_ configuration: String, broker: BrokerName, _ destination: Destination, group: GroupName? = nil) {
        self.configuration = configuration
        self.broker = broker
        self.destination = destination
        self.group = group
    }

    /// The order as arguments of the program.
    public var arguments: [String] {
        let group = group.map { ["--group=\($0.name)"] } ?? []
        return [configuration, broker.name, destination.kind.rawValue, destination.topic.name] + group
            + (declares ? ["--declare"] : []) + (publishes > 0 ? ["--publish=\(publishes)"] : [])
            + (consumes ? ["--consume"] : [])
    }

    /// The order that these arguments are. Throws `.invalidArgument`.
    public init(arguments: [String]) throws(BrokerError) {
        guard arguments.count >= 4, let kind = DestinationKind(rawValue: arguments[2]) else {
            throw BrokerError(.invalidArgument, "arguments: CONFIGURATION BROKER KIND TOPIC [--declare] …")
        }
        self.init(arguments[0], broker: BrokerName(arguments[1]), Destination(try Topic(arguments[3]), kind))
        for argument in arguments.dropFirst(4) {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            switch (parts.first, parts.dropFirst().first) {
            case ("--group", let name?): group = GroupName(name)
            case ("--declare", nil): declares = true
            case ("--consume", nil): consumes = true
            case ("--publish", let count?): publishes = Int(count) ?? 0
            default: throw BrokerError(.invalidArgument, "\(argument) is not an argument of a peer")
            }
        }
    }
}
