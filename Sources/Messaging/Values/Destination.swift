/// How a destination hands out its messages.
public enum DestinationKind: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// A work queue: competing consumers, a message leaves when it is accepted. Priority, delay, expiration.
    case queue
    /// An append-only log: groups, each sees everything; order per key; replay from a position.
    case stream
    /// A live broadcast: at most once, nobody listening means nobody hears.
    case pubSub = "pubsub"

    /// The word used in configuration and reports.
    public var description: String { rawValue }
}

/// What a broker publishes to and consumes from: a topic and its kind.
public struct Destination: Hashable, Sendable, CustomStringConvertible {
    /// The topic.
    public let topic: Topic
    /// How it hands out its messages.
    public let kind: DestinationKind

    /// The destination of this topic and kind.
    public init(_ topic: Topic, _ kind: DestinationKind) {
        self.topic = topic
        self.kind = kind
    }

    /// A work queue.
    public static func queue(_ topic: Topic) -> Destination { Destination(topic, .queue) }
    /// An append-only log.
    public static func stream(_ topic: Topic) -> Destination { Destination(topic, .stream) }
    /// A live broadcast.
    public static func pubSub(_ topic: Topic) -> Destination { Destination(topic, .pubSub) }

    /// `queue orders.created`.
    public var description: String { "\(kind) \(topic)" }
}

/// The name of a consumer group of a stream. Its members share the messages; every group sees all of them.
public struct GroupName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name.
    public let name: String
    /// A group of this name.
    public init(_ name: String) { self.name = name }
    /// A group of this name.
    public init(stringLiteral value: String) { name = value }
    /// The name.
    public var description: String { name }
}

/// The name of a broker in a configuration, such as `main`.
public struct BrokerName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name.
    public let name: String
    /// A broker of this name.
    public init(_ name: String) { self.name = name }
    /// A broker of this name.
    public init(stringLiteral value: String) { name = value }
    /// The name.
    public var description: String { name }
}

/// What kind of broker it is, as written in a configuration's `type`.
public struct BrokerType: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The word in the configuration.
    public let name: String
    /// A broker type of this name.
    public init(_ name: String) { self.name = name }
    /// A broker type of this name.
    public init(stringLiteral value: String) { name = value }
    /// The word in the configuration.
    public var description: String { name }

    /// RabbitMQ, over AMQP 0-9-1.
    public static let rabbitMQ: BrokerType = "rabbitmq"
    /// Apache Kafka.
    public static let kafka: BrokerType = "kafka"
    /// Redis, or Valkey.
    public static let redis: BrokerType = "redis"
    /// NATS with JetStream.
    public static let nats: BrokerType = "nats"
    /// The embedded SQLite broker.
    public static let embedded: BrokerType = "embedded"
    /// The in-memory broker.
    public static let inMemory: BrokerType = "inmemory"
}
