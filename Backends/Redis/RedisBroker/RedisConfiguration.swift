public import Messaging

/// The options of Redis and Valkey. Every one has a default that works with a server on this machine.
public struct RedisConfiguration: Hashable, Sendable {
    /// `host`: the server's name or address.
    public static let host = Option("host", default: "localhost", "the server's name or address").concept(
        "address", knownAs: "hostname", "server"
    ).inURL(.host)
    /// `port`: its TCP port.
    public static let port = Option("port", default: 6379, in: 1...65_535, "the server's TCP port").inURL(.port)
    /// `username`: who connects.
    public static let username = Option<String?>(
        "username", default: nil, "who connects, where the server has users"
    ).concept(knownAs: "user").inURL(.username)
    /// `password`: how that is proved.
    public static let password = Option<String?>("password", default: nil, "how that is proved", secret: true).concept(
        knownAs: "pass", "requirepass", "auth"
    )
    .inURL(.password)
    /// `database`: the number of the database.
    public static let database = Option("database", default: 0, in: 0...65_535, "the number of the database").concept(
        "part of the server", knownAs: "db"
    )
    .inURL(.path)
    /// `key-prefix`: what every key begins with.
    public static let keyPrefix = Option("key-prefix", default: "hub:", "what every key of the hub begins with")
    /// `lease`: when what a dead consumer held is handed out again.
    public static let lease = Option(
        "lease", default: .seconds(30), in: .seconds(1)...Duration.seconds(3600),
        "how long after its last sign of life a consumer's deliveries go to another one"
    ).concept("time until a delivery is taken back", knownAs: "min-idle-time")
    /// `connect-timeout`: how long connecting may take.
    public static let connectTimeout = Option(
        "connect-timeout", default: .seconds(5), in: .milliseconds(100)...Duration.seconds(300),
        "how long connecting may take"
    ).concept("time to connect", knownAs: "connection-timeout")
    /// `response-timeout`: how long an answer may take.
    public static let responseTimeout = Option(
        "response-timeout", default: .seconds(10), in: .milliseconds(100)...Duration.seconds(300),
        "how long the server may take to answer before the connection is given up")
    /// `reconnect-delay`: the first pause before connecting again.
    public static let reconnectDelay = Option(
        "reconnect-delay", default: .milliseconds(250), in: .milliseconds(10)...Duration.seconds(300),
        "the pause before connecting again; it doubles"
    ).concept("pause before connecting again")
    /// `reconnect-max-delay`: the longest such pause.
    public static let reconnectMaximumDelay = Option(
        "reconnect-max-delay", default: .seconds(2), in: .milliseconds(10)...Duration.seconds(3600),
        "the longest pause before connecting again")

    /// The options, each described once and tied to its property.
    public static let options = BoundOptions<RedisConfiguration>(
        [
            OptionBinding(host, \.host), OptionBinding(port, \.port), OptionBinding(username, \.username),
            OptionBinding(password, \.password), OptionBinding(database, \.database),
            OptionBinding(keyPrefix, \.keyPrefix), OptionBinding(lease, \.lease),
            OptionBinding(connectTimeout, \.connectTimeout), OptionBinding(responseTimeout, \.responseTimeout),
            OptionBinding(reconnectDelay, \.reconnectDelay),
            OptionBinding(reconnectMaximumDelay, \.reconnectMaximumDelay),
        ] + TLSConfiguration.options.inside(\.tls))

    /// The server's name or address. Default: localhost.
    public var host = Self.host.defaultValue
    /// Its TCP port. Default: 6379.
    public var port = Self.port.defaultValue
    /// Who connects. Default: the server's default user.
    public var username = Self.username.defaultValue
    /// How that is proved. Default: not at all. Never shown.
    public var password = Self.password.defaultValue
    /// The number of the database. Default: 0.
    public var database = Self.database.defaultValue
    /// What every key of the hub begins with. Default: `hub:`.
    public var keyPrefix = Self.keyPrefix.defaultValue
    /// When the deliveries of a silent consumer go to another one. Default: after 30 s.
    public var lease = Self.lease.defaultValue
    /// How long connecting may take. Default: 5 s.
    public var connectTimeout = Self.connectTimeout.defaultValue
    /// How long the server may take to answer. Default: 10 s.
    public var responseTimeout = Self.responseTimeout.defaultValue
    /// The first pause before connecting again. Default: 250 ms.
    public var reconnectDelay = Self.reconnectDelay.defaultValue
    /// The longest pause before connecting again. Default: 2 s.
    public var reconnectMaximumDelay = Self.reconnectMaximumDelay.defaultValue
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
        var found = tls.findings(username: username, password: password, hosts: [host])
        if username != nil, password == nil {
            found.append(.problem("username", "is set without password; set both", with: "password"))
        }
        if reconnectDelay > reconnectMaximumDelay {
            let sentence = "is over reconnect-max-delay; lower it"
            found.append(.problem("reconnect-delay", sentence, with: "reconnect-max-delay"))
        }
        return found
    }
}

extension BrokerProfile {
    /// What is known of Redis 6.2 and later, and Valkey.
    public static let redis = BrokerProfile(
        type: .redis, scheme: "redis", trait: "Redis", package: "libhiredis-dev",
        options: RedisConfiguration.options.group, capabilities: .redis,
        limits: BrokerLimits().with {
            $0.maximumBodyBytes = 256 << 20
            $0.headerGrammar = .bytes
            $0.settleLag = .seconds(1)
        }, findings: { RedisConfiguration($0).findings })
}

extension BrokerCapabilities {
    fileprivate static let redis: BrokerCapabilities = {
        let disk = "only with appendonly yes, and then but for the last second when the machine dies"
        let passedOver = Support.emulated(cost: "what does not fit is received and passed over")
        let common: [Operation: Support] = [
            .serve: .native, .binaryHeaders: .native, .durable: .emulated(cost: disk),
            .nullBody: .emulated(cost: "a field marks a null body"),
            .expiration: .emulated(cost: "what has expired is dropped when it is received"),
        ]
        let stored: [Operation: Support] = [
            .retry: .emulated(cost: "a delay over the lease waits in a sorted set"),
            .order: .emulated(cost: "one consumer at a time holds a lease and receives"),
            .atomicForward: .native, .expiredCount: .native, .untilEnd: .native, .heldCount: .native,
            .delayCount: .native,
            .bounded: .emulated(cost: "a script asks for the length before each publish"),
            .brokerDeadLetters: .refused(reason: "Redis has no dead letters of its own"),
            .bindings: .refused(reason: "Redis has no bindings; subscribe to a pattern of streams"),
        ]
        let queue: [Operation: Support] = [
            .serve: .emulated(cost: "a Redis stream with one group, from which what is accepted is deleted"),
            .delay: .emulated(cost: "a sorted set, from which what is due is moved"),
            .priority: .emulated(cost: "one Redis stream for each priority"),
            .pattern: .refused(reason: "a queue is subscribed to by its name"),
        ]
        let stream: [Operation: Support] = [
            .pattern: .emulated(cost: "one subscription for each declared stream that fits"),
            .filter: passedOver, .replay: .native,
        ]
        let pubSub: [Operation: Support] = [
            .serve: .emulated(cost: "PUBLISH has no headers; a message that has some is packed into its payload"),
            .pattern: passedOver, .durable: .refused(reason: "what nobody hears is gone"),
        ]
        return BrokerCapabilities(
            [
                .queue: common.merging(stored) { $1 }.merging(queue) { $1 },
                .stream: common.merging(stored) { $1 }.merging(stream) { $1 },
                .pubSub: common.merging(pubSub) { $1 },
            ], crashCount: .deliveries, releaseCounts: false, priorityOrder: .strict)
    }()
}
