public import Messaging

/// The options of NATS with JetStream. Every one has a default that works with a server on this machine.
public struct NATSConfiguration: Hashable, Sendable {
    /// Where JetStream keeps messages.
    public enum Storage: String, Hashable, Sendable, CaseIterable, OptionValue {
        /// On disk.
        case file
        /// In memory.
        case memory
    }

    /// `servers`: the servers of a cluster.
    public static let servers = Option(
        "servers", default: ["nats://localhost:4222"], "the servers of a cluster, tried in turn"
    ).concept("address", knownAs: "urls", "addresses").inURL(.hosts).variable("AF_BUS_URL").examples(
        "nats://one:4222,nats://two:4222")
    /// `username`: who connects.
    public static let username = Option<String?>("username", default: nil, "who connects").concept(knownAs: "user")
        .inURL(.username)
    /// `password`: how that is proved.
    public static let password = Option<String?>("password", default: nil, "how that is proved", secret: true).concept(
        knownAs: "pass"
    )
    .inURL(.password)
    /// `token`: what proves it instead.
    public static let token = Option<String?>(
        "token", default: nil, "what proves it where there is no username and password", secret: true)
    /// `connect-timeout`: how long connecting may take.
    public static let connectTimeout = Option(
        "connect-timeout", default: .seconds(2), in: .milliseconds(100)...Duration.seconds(300),
        "how long connecting to one server may take"
    ).concept("time to connect", knownAs: "timeout")
    /// `max-reconnect`: how often a lost connection is tried.
    public static let maximumReconnects = Option(
        "max-reconnect", default: -1, in: -1...1_000_000, "how often a lost connection is tried again; -1: for ever"
    ).unit("tries").concept(knownAs: "max-reconnects").variable("AF_BUS_MAX_RECONNECT").caution { count in
        let sentence = "max-reconnect ends the connection for good after that many tries; -1 goes on for ever"
        return count < 0 ? nil : OptionCaution(sentence)
    }
    /// `reconnect-wait`: the pause between two such tries.
    public static let reconnectWait = Option(
        "reconnect-wait", default: .seconds(2), in: .milliseconds(10)...Duration.seconds(3600),
        "the pause between two tries"
    ).concept("pause before connecting again").variable("AF_BUS_RECONNECT_WAIT")
    /// `ack-wait`: when what a dead consumer held is handed out again.
    public static let ackWait = Option(
        "ack-wait", default: .seconds(30), in: .seconds(1)...Duration.seconds(3600),
        "how long after its last sign of life a consumer's deliveries go to another one"
    ).concept("time until a delivery is taken back").variable("AF_BUS_ACK_WAIT")
    /// `max-in-flight`: a cap on every window.
    public static let maximumInFlight = Option(
        "max-in-flight", default: 1000, in: 1...1_000_000,
        "the most deliveries that a consumer holds, whatever its route's window is"
    ).unit("deliveries").concept("cap on what a consumer holds", knownAs: "max-ack-pending").variable(
        "AF_BUS_MAX_IN_FLIGHT")
    /// `replicas`: of streams that the hub makes.
    public static let replicas = Option(
        "replicas", default: 1, in: 1...5, "how many servers have each stream that the hub makes"
    ).unit("servers").concept("copies", knownAs: "num-replicas")
    /// `storage`: where JetStream keeps messages.
    public static let storage = Option("storage", default: Storage.file, "where JetStream keeps messages")
        .caution { storage in
            let sentence = "storage: memory loses what waits when the server ends"
            return storage == .file ? nil : OptionCaution(sentence, losesMessages: true)
        }
    /// `duplicate-window`: how long the server drops what is published twice.
    public static let duplicateWindow = Option(
        "duplicate-window", default: .seconds(120), in: .milliseconds(100)...Duration.seconds(86_400),
        "how long the server drops a message that is published twice")

    /// The options, each described once and tied to its property.
    public static let options = BoundOptions<NATSConfiguration>(
        [
            OptionBinding(servers, \.servers), OptionBinding(username, \.username),
            OptionBinding(password, \.password), OptionBinding(token, \.token),
            OptionBinding(connectTimeout, \.connectTimeout), OptionBinding(maximumReconnects, \.maximumReconnects),
            OptionBinding(reconnectWait, \.reconnectWait), OptionBinding(ackWait, \.ackWait),
            OptionBinding(maximumInFlight, \.maximumInFlight), OptionBinding(replicas, \.replicas),
            OptionBinding(storage, \.storage), OptionBinding(duplicateWindow, \.duplicateWindow),
        ] + TLSConfiguration.options.inside(\.tls))

    /// The servers of a cluster, tried in turn. Default: nats://localhost:4222.
    public var servers = Self.servers.defaultValue
    /// Who connects. Default: nobody in particular.
    public var username = Self.username.defaultValue
    /// How that is proved. Default: not at all. Never shown.
    public var password = Self.password.defaultValue
    /// What proves it where there is no username and password. Default: nothing. Never shown.
    public var token = Self.token.defaultValue
    /// How long connecting to one server may take. Default: 2 s.
    public var connectTimeout = Self.connectTimeout.defaultValue
    /// How often a lost connection is tried again. Default: -1, for ever.
    public var maximumReconnects = Self.maximumReconnects.defaultValue
    /// The pause between two tries. Default: 2 s.
    public var reconnectWait = Self.reconnectWait.defaultValue
    /// When the deliveries of a silent consumer go to another one. Default: after 30 s.
    public var ackWait = Self.ackWait.defaultValue
    /// The most deliveries that a consumer holds. Default: 1,000.
    public var maximumInFlight = Self.maximumInFlight.defaultValue
    /// How many servers have each stream that the hub makes. Default: 1.
    public var replicas = Self.replicas.defaultValue
    /// Where JetStream keeps messages. Default: on disk.
    public var storage = Self.storage.defaultValue
    /// How long the server drops a message that is published twice. Default: 2 min.
    public var duplicateWindow = Self.duplicateWindow.defaultValue
    /// How the connection is encrypted. Default: it is not.
    public var tls = TLSConfiguration()

    /// A server on this machine, as it is after installing; change what differs.
    public init() {}

    /// The configuration of these option values.
    public init(_ values: OptionValues) {
        self.init()
        Self.options.apply(values, to: &self)
    }

    fileprivate var findings: [OptionFinding] {
        var found = tls.findings(username: username ?? token, password: password, hosts: servers)
        if servers.isEmpty { found.append(.problem("servers", "is empty; give at least one server")) }
        return found + OptionFinding.together(("username", username != nil), ("password", password != nil))
    }
}

extension BrokerProfile {
    /// What is known of NATS with JetStream, server 2.9 and later.
    public static let nats = BrokerProfile(
        type: .nats, scheme: "nats", trait: "NATS", package: "libnats-dev", options: NATSConfiguration.options.group,
        capabilities: .nats,
        limits: BrokerLimits().with {
            $0.maximumBodyBytes = 1_000_000
            $0.headerGrammar = .line
            $0.settleLag = .seconds(1)
        }, findings: { NATSConfiguration($0).findings })
}

extension BrokerCapabilities {
    fileprivate static let nats: BrokerCapabilities = {
        let passedOver = Support.emulated(cost: "what does not fit is received and passed over")
        let common: [Operation: Support] = [
            .serve: .native, .durable: .native,
            .nullBody: .emulated(cost: "a header marks a null body"),
            .expiration: .emulated(cost: "what has expired is dropped when it is received"),
            .binaryHeaders: .refused(reason: "a header of NATS is a line of text"),
        ]
        let stored: [Operation: Support] = [
            .retry: .native, .bounded: .native, .expiredCount: .native, .heldCount: .native, .delayCount: .native,
            .order: .emulated(cost: "one consumer at a time receives, the others stand by"),
            .atomicForward: .refused(reason: "JetStream has no transactions"),
            .brokerDeadLetters: .refused(reason: "JetStream has no dead letters of its own"),
            .bindings: .refused(reason: "the subjects of two JetStream streams may not overlap"),
        ]
        let queue: [Operation: Support] = [
            .delay: .emulated(cost: "a message that is not due is handed back with a delay"),
            .priority: .refused(reason: "JetStream hands out in the order of its log"),
            .pattern: .refused(reason: "a queue is subscribed to by its name"),
            .untilEnd: .refused(reason: "a work queue has no end that could be reached"),
        ]
        let stream: [Operation: Support] = [
            .pattern: .emulated(cost: "one subscription for each declared stream that fits"),
            .filter: passedOver, .replay: .native, .untilEnd: .native,
        ]
        let pubSub: [Operation: Support] = [
            .pattern: passedOver, .durable: .refused(reason: "what nobody hears is gone"), .request: .native,
        ]
        return BrokerCapabilities(
            [
                .queue: common.merging(stored) { $1 }.merging(queue) { $1 },
                .stream: common.merging(stored) { $1 }.merging(stream) { $1 },
                .pubSub: common.merging(pubSub) { $1 },
            ], crashCount: .deliveries, releaseCounts: true)
    }()
}
