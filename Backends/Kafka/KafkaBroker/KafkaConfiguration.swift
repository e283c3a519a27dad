public import Messaging

/// The options of Kafka. Every one has a default that works with a broker on this machine.
public struct KafkaConfiguration: Hashable, Sendable {
    /// How batches are compressed.
    public enum Compression: String, Hashable, Sendable, CaseIterable, OptionValue {
        /// Not at all.
        case none
        /// By zlib's gzip.
        case gzip
        /// By Snappy.
        case snappy
        /// By LZ4.
        case lz4
        /// By Zstandard.
        case zstd
    }

    /// Which brokers must have a message before it counts as published.
    public enum RequiredAcks: String, Hashable, Sendable, CaseIterable, OptionValue {
        /// Every replica that is in sync: -1 in the protocol.
        case all
        /// The partition's leader: 1 in the protocol.
        case leader
        /// Nobody: 0 in the protocol.
        case none
    }

    /// How a client proves who it is.
    public enum Mechanism: String, Hashable, Sendable, CaseIterable, OptionValue {
        /// By sending the password.
        case plain
        /// By SCRAM with SHA-256.
        case scramSHA256 = "scram-sha-256"
        /// By SCRAM with SHA-512.
        case scramSHA512 = "scram-sha-512"
    }

    /// `brokers`: the first brokers to ask.
    public static let brokers = Option(
        "brokers", default: ["localhost:9092"], "the brokers that are asked first, each with its port"
    ).concept("address", knownAs: "bootstrap-servers", "bootstrap.servers").inURL(.hosts).examples("one:9092,two:9092")
    /// `client-id`: the name in the brokers' logs.
    public static let clientID = Option("client-id", default: "messaging-hub", "the name in the brokers' logs").concept(
        knownAs: "client.id")
    /// `group-id`: the group that shares a queue.
    public static let groupID = Option(
        "group-id", default: "messaging-hub", "the consumer group that the consumers of a queue form"
    ).concept(knownAs: "group.id")
    /// `compression`: how batches are compressed.
    public static let compression = Option("compression", default: Compression.lz4, "how batches are compressed")
        .concept(knownAs: "compression.type", "compression.codec")
    /// `required-acks`: which brokers must have a message.
    public static let requiredAcks = Option(
        "required-acks", default: RequiredAcks.all, "which replicas must have a message before it counts as published"
    ).concept("confirmation", knownAs: "acks", "request.required.acks").caution { acks in
        switch acks {
        case .all: nil
        case .leader:
            OptionCaution("required-acks: leader loses what the leader alone had when it dies", losesMessages: true)
        case .none:
            OptionCaution(
                "required-acks: none reports messages as published that may never arrive", losesMessages: true)
        }
    }
    /// `idempotent`: whether the brokers drop what the client sends twice.
    public static let idempotent = Option(
        "idempotent", default: true, "whether the brokers drop what the client sends twice; needs required-acks: all"
    ).concept(knownAs: "enable.idempotence")
    /// `partitions`: of topics that the hub makes.
    public static let partitions = Option(
        "partitions", default: 6, in: 1...10_000, "how many partitions a topic gets that the hub makes"
    ).unit("partitions").concept(knownAs: "num.partitions")
    /// `fetch-max-messages`: a cap on every window.
    public static let fetchMaximumMessages = Option<Int?>(
        "fetch-max-messages", in: 1...20_000,
        "the most deliveries that a consumer holds, whatever its route's window is"
    ).unit("deliveries").concept(
        "cap on what a consumer holds", knownAs: "max.poll.records", "fetch.max.bytes", "fetch.message.max.bytes")
    /// `replication-factor`: of topics that the hub makes.
    public static let replicationFactor = Option(
        "replication-factor", default: 1, in: 1...100, "how many replicas a topic gets that the hub makes"
    ).unit("replicas").concept("copies", knownAs: "default.replication.factor").caution {
        $0 == 1
            ? OptionCaution(
                "replication-factor: 1 loses a topic with the one broker that has it; set 3 where there are so many brokers"
            ) : nil
    }
    /// `username`: who connects.
    public static let username = Option<String?>("username", default: nil, "who connects, by SASL").concept(
        knownAs: "user", "sasl.username"
    ).inURL(.username)
    /// `password`: how that is proved.
    public static let password = Option<String?>("password", default: nil, "how that is proved", secret: true).concept(
        knownAs: "pass", "sasl.password"
    )
    .inURL(.password)
    /// `sasl-mechanism`: how that is proved.
    public static let mechanism = Option("sasl-mechanism", default: Mechanism.scramSHA512, "how the password is used")
        .concept(knownAs: "sasl.mechanism", "mechanism")
    /// `connect-timeout`: how long connecting may take.
    public static let connectTimeout = Option(
        "connect-timeout", default: .seconds(5), in: .milliseconds(100)...Duration.seconds(300),
        "how long the first answer of a broker may take"
    ).concept("time to connect", knownAs: "socket.connection.setup.timeout.ms")
    /// `session-timeout`: how long a silent consumer stays in its group.
    public static let sessionTimeout = Option(
        "session-timeout", default: .seconds(45), in: .seconds(6)...Duration.seconds(1800),
        "how long a consumer that is silent stays in its group"
    ).concept("time until a delivery is taken back", knownAs: "session.timeout.ms")

    /// The options, each described once and tied to its property.
    public static let options = BoundOptions<KafkaConfiguration>(
        [
            OptionBinding(brokers, \.brokers), OptionBinding(clientID, \.clientID), OptionBinding(groupID, \.groupID),
            OptionBinding(compression, \.compression), OptionBinding(requiredAcks, \.requiredAcks),
            OptionBinding(idempotent, \.idempotent), OptionBinding(partitions, \.partitions),
            OptionBinding(fetchMaximumMessages, \.fetchMaximumMessages),
            OptionBinding(replicationFactor, \.replicationFactor), OptionBinding(username, \.username),
            OptionBinding(password, \.password), OptionBinding(mechanism, \.mechanism),
            OptionBinding(connectTimeout, \.connectTimeout), OptionBinding(sessionTimeout, \.sessionTimeout),
        ] + TLSConfiguration.options.inside(\.tls))

    /// The brokers that are asked first. Default: localhost:9092.
    public var brokers = Self.brokers.defaultValue
    /// The name in the brokers' logs. Default: messaging-hub.
    public var clientID = Self.clientID.defaultValue
    /// The group that the consumers of a queue form. Default: messaging-hub.
    public var groupID = Self.groupID.defaultValue
    /// How batches are compressed. Default: by LZ4.
    public var compression = Self.compression.defaultValue
    /// Which replicas must have a message before it counts as published. Default: all that are in sync.
    public var requiredAcks = Self.requiredAcks.defaultValue
    /// Whether the brokers drop what the client sends twice. Default: they do.
    public var idempotent = Self.idempotent.defaultValue
    /// How many partitions a topic gets that the hub makes. Default: 6.
    public var partitions = Self.partitions.defaultValue
    /// The most deliveries that a consumer holds. Default: as many as its route's window.
    public var fetchMaximumMessages = Self.fetchMaximumMessages.defaultValue
    /// How many replicas a topic gets that the hub makes. Default: 1.
    public var replicationFactor = Self.replicationFactor.defaultValue
    /// Who connects. Default: nobody in particular.
    public var username = Self.username.defaultValue
    /// How that is proved. Default: not at all. Never shown.
    public var password = Self.password.defaultValue
    /// How the password is used. Default: SCRAM with SHA-512.
    public var mechanism = Self.mechanism.defaultValue
    /// How long the first answer of a broker may take. Default: 5 s.
    public var connectTimeout = Self.connectTimeout.defaultValue
    /// How long a silent consumer stays in its group. Default: 45 s.
    public var sessionTimeout = Self.sessionTimeout.defaultValue
    /// How the connection is encrypted. Default: it is not.
    public var tls = TLSConfiguration()

    /// A broker on this machine, as it is after installing; change what differs.
    public init() {}

    /// The configuration of these option values.
    public init(_ values: OptionValues) {
        self.init()
        Self.options.apply(values, to: &self)
    }

    fileprivate var findings: [OptionFinding] {
        var found = tls.findings(username: username, password: password, hosts: brokers)
        if brokers.isEmpty { found.append(.problem("brokers", "is empty; give at least one host:port")) }
        if idempotent, requiredAcks != .all {
            let sentence = "needs required-acks: all; set that, or idempotent: false"
            found.append(.problem("idempotent", sentence, with: "required-acks"))
        }
        return found + OptionFinding.together(("username", username != nil), ("password", password != nil))
    }
}

extension BrokerProfile {
    /// What is known of Kafka.
    public static let kafka = BrokerProfile(
        type: .kafka, scheme: "kafka", trait: "Kafka", package: "librdkafka-dev",
        options: KafkaConfiguration.options.group, capabilities: .kafka,
        limits: BrokerLimits().with {
            $0.maximumBodyBytes = 1_000_000
            $0.headerGrammar = .bytes
            $0.maximumTopicBytes = 249
            $0.nameGrammar = .ascii
            $0.delayGranularity = .milliseconds(100)
            $0.maximumDelay = .seconds(7 * 86_400)
            $0.settleLag = .seconds(1)
        }, findings: { KafkaConfiguration($0).findings })
}

extension BrokerCapabilities {
    fileprivate static let kafka: BrokerCapabilities = {
        let common: [Operation: Support] = [
            .serve: .native, .binaryHeaders: .native, .nullBody: .native, .durable: .native,
            .expiration: .emulated(cost: "what has expired is dropped when it is received"),
        ]
        let stored: [Operation: Support] = [
            .retry: .emulated(cost: "a confirmed copy in a retry topic; a crash between is a duplicate"),
            .order: .native,
            .expiredCount: .native,
            .heldCount: .native,
            .delayCount: .native,
            .untilEnd: .native,
            .atomicForward: .emulated(cost: "a transaction for each batch of settlements, 25 ms and more"),
            .brokerDeadLetters: .refused(reason: "Kafka has no dead letters of its own"),
            .bindings: .refused(reason: "Kafka has no bindings; subscribe to a pattern of streams"),
            .bounded: .refused(reason: "Kafka deletes by age and size; it neither waits nor refuses"),
        ]
        let queue: [Operation: Support] = [
            .serve: .emulated(cost: "one consumer group, and a window of settled offsets in the commit's metadata"),
            .delay: .emulated(cost: "a confirmed copy in a retry topic for each step of the delay"),
            .priority: .refused(reason: "a partition is read in its order"),
            .pattern: .refused(reason: "a queue is subscribed to by its name"),
        ]
        let stream: [Operation: Support] = [
            .pattern: .native, .replay: .native,
            .filter: .emulated(cost: "what does not fit is received and passed over"),
        ]
        let pubSub: [Operation: Support] = [
            .serve: .emulated(cost: "a consumer of its own at the end of every partition"),
            .pattern: .native, .durable: .refused(reason: "what nobody hears is gone"),
        ]
        return BrokerCapabilities(
            [
                .queue: common.merging(stored) { $1 }.merging(queue) { $1 },
                .stream: common.merging(stored) { $1 }.merging(stream) { $1 },
                .pubSub: common.merging(pubSub) { $1 },
            ], crashCount: .none, releaseCounts: false)
    }()
}
