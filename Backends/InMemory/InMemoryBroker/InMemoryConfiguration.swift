public import Messaging

/// The options of the in-memory broker.
public struct InMemoryConfiguration: Sendable {
    /// `max-messages`: how many messages a destination holds where its declaration does not say.
    public static let maximumMessages = Option(
        "max-messages", default: 65_536, in: 1...100_000_000,
        "how many messages a destination holds where its route does not say"
    ).unit("messages").concept(knownAs: "max-length")
    /// `max-bytes`: how many bytes a destination holds where its declaration does not say.
    public static let maximumBytes = Option(
        "max-bytes", default: ByteCount(256 << 20), in: ByteCount(1)...ByteCount(1 << 40),
        "how many bytes a destination holds where its route does not say")
    /// `max-body`: the largest body.
    public static let maximumBody = Option(
        "max-body", default: ByteCount(1 << 20), in: ByteCount(0)...ByteCount(1 << 30), "the largest body of a message"
    ).concept("largest body", knownAs: "max-payload", "message.max.bytes")

    /// The options, each described once.
    public static let options = OptionGroup([
        maximumMessages.description, maximumBytes.description, maximumBody.description,
    ])

    /// How many messages a destination holds where its declaration does not say. Default: 65,536.
    public var maximumMessages: Int
    /// How many bytes a destination holds where its declaration does not say. Default: 256 MiB.
    public var maximumBytes: ByteCount
    /// The largest body. Default: 1 MiB.
    public var maximumBody: ByteCount

    /// A configuration of these values.
    public init(
        maximumMessages: Int = Self.maximumMessages.defaultValue,
        maximumBytes: ByteCount = Self.maximumBytes.defaultValue,
        maximumBody: ByteCount = Self.maximumBody.defaultValue
    ) {
        self.maximumMessages = maximumMessages
        self.maximumBytes = maximumBytes
        self.maximumBody = maximumBody
    }

    /// The configuration of these option values.
    public init(_ values: OptionValues) {
        self.init(
            maximumMessages: values[Self.maximumMessages], maximumBytes: values[Self.maximumBytes],
            maximumBody: values[Self.maximumBody])
    }
}

extension BrokerProfile {
    /// What is known of the in-memory broker.
    public static let inMemory = BrokerProfile(
        type: .inMemory, scheme: "memory", options: InMemoryConfiguration.options, capabilities: .inMemory,
        limits: BrokerLimits().with { $0.headerGrammar = .bytes })
}

extension BrokerCapabilities {
    static let inMemory: BrokerCapabilities = {
        let lives = Support.refused(reason: "the in-memory broker lives as long as its process")
        let common: [Operation: Support] = [
            .serve: .native, .expiration: .native, .binaryHeaders: .native, .nullBody: .native, .pattern: .native,
            .durable: lives, .request: .native,
        ]
        let stored: [Operation: Support] = [
            .retry: .native, .expiredCount: .native, .atomicForward: .native, .brokerDeadLetters: .native,
            .bindings: .native, .bounded: .native,
            .order: .emulated(cost: "one consumer at a time receives, the others stand by"),
            .untilEnd: .native, .fencing: .native, .heldCount: .native, .delayCount: .native,
        ]
        let queue: [Operation: Support] = [
            .delay: .native, .priority: .native,
            .oldestAge: .refused(reason: "a queue of the in-memory broker does not look at the clock for a message"),
            .pattern: .refused(reason: "a queue is subscribed to by its name; bind it to a pattern instead"),
        ]
        let stream: [Operation: Support] = [.filter: .native, .replay: .native, .oldestAge: .native]
        return BrokerCapabilities(
            [
                .queue: common.merging(stored) { $1 }.merging(queue) { $1 },
                .stream: common.merging(stored) { $1 }.merging(stream) { $1 },
                .pubSub: common,
            ], crashCount: .exact, releaseCounts: false, priorityOrder: .fair(bound: ReadyLanes.bound))
    }()
}
