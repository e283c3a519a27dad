/// What makes two deliveries the same work: the message's id, and for whom it was received.
///
/// The id alone would not do: each group of a stream handles a message, and a message that is sent on to another topic
/// keeps its id. Compared whole and byte by byte: what looks alike is not the same, also where Swift's own comparison of
/// texts would say so.
public struct DeduplicationKey: Sendable {
    /// The broker that it came from, by the name that the configuration gives it.
    public let broker: BrokerName
    /// The name of the route.
    public let route: String
    /// The topic that it was received from, and of what kind it is.
    public let destination: Destination
    /// The group of a stream.
    public let group: GroupName?
    /// The message.
    public let id: MessageID

    /// A key of these parts.
    public init(
        broker: BrokerName, route: String, destination: Destination, group: GroupName? = nil, id: MessageID
    ) {
        self.broker = broker
        self.route = route
        self.destination = destination
        self.group = group
        self.id = id
    }

    /// The whole key in one text, for stores that need one: each part behind its length in bytes, so that no two keys
    /// have the same, whatever is in their names.
    public var text: String {
        let parts = [broker.name, route, destination.kind.rawValue, destination.topic.name, group?.name ?? ""]
        let joined = parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ",")
        return "\(joined),\(group == nil ? "-" : "+")\(id)"
    }
}

extension DeduplicationKey: Hashable {
    /// Whether every part is the same, byte by byte.
    public static func == (left: DeduplicationKey, right: DeduplicationKey) -> Bool {
        left.id == right.id && left.destination.kind == right.destination.kind
            && left.destination.topic.name.isSame(as: right.destination.topic.name)
            && left.broker.name.isSame(as: right.broker.name) && left.route.isSame(as: right.route)
            && (left.group == nil) == (right.group == nil)
            && (left.group?.name ?? "").isSame(as: right.group?.name ?? "")
    }

    /// By the id and the topic, which tell nearly all apart.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(destination.topic)
    }
}

extension String {
    /// Whether the bytes are the same: texts that Swift calls equal may differ in them.
    fileprivate func isSame(as other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}
