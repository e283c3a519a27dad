public import Messaging

/// The options of RabbitMQ. Every one has a default that works with a server on this machine.
public struct RabbitMQConfiguration: Hashable, Sendable {
    /// `host`: the server's name or address.
    public static let host = Option("host", default: "localhost", "the server's name or address").concept(
        "address", knownAs: "hostname", "server"
    )
    .inURL(.host).variable("RABBITMQ_HOST", "RABBITMQ__HOST")
    /// `port`: its TCP port.
    public static let port = Option(
        "port", default: 5672, in: 1...65_535, "the server's TCP port; with TLS usually 5671"
    ).inURL(.port).variable("RABBITMQ_PORT", "RABBITMQ__PORT")
    /// `hosts`: several servers of a cluster.
    public static let hosts = Option(
        "hosts", default: [String](), "several servers of a cluster, tried in turn, instead of host and port"
    ).concept("address", knownAs: "addresses", "nodes").inURL(.hosts).examples("one:5672,two:5672")
    /// `username`: who connects.
    public static let username = Option("username", default: "guest", "who connects").concept(knownAs: "user", "login")
        .inURL(.username).variable("RABBITMQ_USER", "RABBITMQ__USERNAME")
    /// `password`: how that is proved.
    public static let password = Option("password", default: "guest", "how that is proved", secret: true).concept(
        knownAs: "pass"
    )
    .inURL(.password).variable("RABBITMQ_PASSWORD", "RABBITMQ__PASSWORD")
    /// `virtual-host`: the part of the server.
    public static let virtualHost = Option("virtual-host", default: "/", "the virtual host").concept(
        "part of the server", knownAs: "vhost"
    )
    .inURL(.path).variable("RABBITMQ_VHOST", "RABBITMQ__VHOST")
    /// `exchange`: a topic exchange of one's own.
    public static let exchange = Option(
        "exchange", default: "",
        "the topic exchange that queues and pubSub go through; not set: queues are published "
            + "to directly, and pubSub goes through amq.topic"
    ).concept(knownAs: "exchange-name")
    /// `sasl-mechanism`: how the client proves who it is.
    public static let saslMechanism = Option(
        "sasl-mechanism", default: SASLMechanism.plain,
        "how the client proves who it is: plain, by username and password, or external, by its certificate")
    /// `publisher-confirm`: whether publishing waits for the server's confirmation.
    public static let publisherConfirm = Option(
        "publisher-confirm", default: true, "whether a publish waits until the server has confirmed it"
    ).concept("confirmation", knownAs: "confirms", "confirm-select").caution { confirms in
        let sentence = "publisher-confirm: false reports messages as published that may never arrive"
        return confirms ? nil : OptionCaution(sentence, losesMessages: true)
    }
    /// `prefetch`: a cap on every window.
    public static let prefetch = Option<Int?>(
        "prefetch", in: 1...65_535, "the most deliveries that a consumer holds, whatever its route's window is"
    ).unit("deliveries").concept("cap on what a consumer holds", knownAs: "qos", "basic-qos")
    /// `heartbeat`: how often a quiet connection is tried.
    public static let heartbeat = Option(
        "heartbeat", default: .seconds(10), in: .seconds(1)...Duration.seconds(600),
        "how often a quiet connection is tried; it is given up after two")
    /// `connect-timeout`: how long connecting may take.
    public static let connectTimeout = Option(
        "connect-timeout", default: .seconds(5), in: .milliseconds(100)...Duration.seconds(300),
        "how long connecting to one server may take"
    ).concept("time to connect", knownAs: "connection-timeout")
    /// `reconnect-delay`: the first pause before connecting again.
    public static let reconnectDelay = Option(
        "reconnect-delay", default: .milliseconds(250), in: .milliseconds(10)...Duration.seconds(300),
        "the pause before connecting again; it doubles"
    ).concept("pause before connecting again")
    /// `reconnect-max-delay`: the longest such pause.
    public static let reconnectMaximumDelay = Option(
        "reconnect-max-delay", default: .seconds(2), in: .milliseconds(10)...Duration.seconds(3600),
        "the longest pause before connecting again")
    /// `consumer-timeout`: the server's own limit.
    public static let consumerTimeout = Option(
        "consumer-timeout", default: .seconds(1800), in: .seconds(60)...Duration.seconds(30 * 86_400),
        "the server's consumer_timeout, after which it takes a delivery back; nothing renews it"
    ).concept("time until a delivery is taken back")

    /// The options, each described once and tied to its property.
    public static let options = BoundOptions<RabbitMQConfiguration>(
        [
            OptionBinding(host, \.host), OptionBinding(port, \.port), OptionBinding(hosts, \.hosts),
            OptionBinding(username, \.username), OptionBinding(password, \.password),
            OptionBinding(virtualHost, \.virtualHost), OptionBinding(exchange, \.exchange),
            OptionBinding(saslMechanism, \.saslMechanism), OptionBinding(publisherConfirm, \.publisherConfirm),
            OptionBinding(prefetch, \.prefetch), OptionBinding(heartbeat, \.heartbeat),
            OptionBinding(connectTimeout, \.connectTimeout), OptionBinding(reconnectDelay, \.reconnectDelay),
            OptionBinding(reconnectMaximumDelay, \.reconnectMaximumDelay),
            OptionBinding(consumerTimeout, \.consumerTimeout),
        ] + TLSConfiguration.options.inside(\.tls))

    /// The server's name or address. Default: localhost.
    public var host = Self.host.defaultValue
    /// Its TCP port. Default: 5672.
    public var port = Self.port.defaultValue
    /// Several servers of a cluster, instead of host and port. Default: none.
    public var hosts = Self.hosts.defaultValue
    /// Who connects. Default: guest.
    public var username = Self.username.defaultValue
    /// How that is proved. Default: guest. Never shown.
    public var password = Self.password.defaultValue
    /// The virtual host. Default: `/`.
    public var virtualHost = Self.virtualHost.defaultValue
    /// The topic exchange that queues and pubSub go through. Default: none; queues are published to directly.
    public var exchange = Self.exchange.defaultValue
    /// How the client proves who it is. Default: by username and password.
    public var saslMechanism = Self.saslMechanism.defaultValue
    /// Whether a publish waits until the server has confirmed it. Default: it does.
    public var publisherConfirm = Self.publisherConfirm.defaultValue
    /// The most deliveries that a consumer holds. Default: the window of its route.
    public var prefetch = Self.prefetch.defaultValue
    /// How often a quiet connection is tried. Default: 10 s.
    public var heartbeat = Self.heartbeat.defaultValue
    /// How long connecting to one server may take. Default: 5 s.
    public var connectTimeout = Self.connectTimeout.defaultValue
    /// The first pause before connecting again. Default: 250 ms.
    public var reconnectDelay = Self.reconnectDelay.defaultValue
    /// The longest pause before connecting again. Default: 2 s.
    public var reconnectMaximumDelay = Self.reconnectMaximumDelay.defaultValue
    /// The server's own limit for a held delivery. Default: 30 min.
    public var consumerTimeout = Self.consumerTimeout.defaultValue
    /// How the connection is encrypted. Default: it is not.
    public var tls = TLSConfiguration()

    /// A server on this machine, as it is after installing; change what differs.
    public init() {}

    /// The configuration of these option values.
    public init(_ values: OptionValues) {
        self.init()
        Self.options.apply(values, to: &self)
    }

    /// The servers to try, in this order, each `host:port`.
    public var endpoints: [String] { hosts.isEmpty ? ["\(host):\(port)"] : hosts }

    fileprivate var findings: [OptionFinding] {
        var found = tls.findings(username: username, password: password, hosts: endpoints)
        if reconnectDelay > reconnectMaximumDelay {
            let sentence = "is over reconnect-max-delay; lower it"
            found.append(.problem("reconnect-delay", sentence, with: "reconnect-max-delay"))
        }
        return found
    }
}

extension RabbitMQConfiguration {
    /// How a client proves who it is (SASL).
    public enum SASLMechanism: String, OptionValue, CaseIterable {
        /// By username and password.
        case plain
        /// By the certificate of its TLS connection.
        case external
    }
}

extension BrokerProfile {
    /// What is known of RabbitMQ, 3.10 and later.
    public static let rabbitMQ = BrokerProfile(
        type: .rabbitMQ, scheme: "amqp", trait: "RabbitMQ", package: "librabbitmq-dev",
        options: RabbitMQConfiguration.options.group, capabilities: .rabbitMQ,
        limits: BrokerLimits().with {
            $0.maximumBodyBytes = 16 << 20
            $0.headerGrammar = .bytes
            // Names of AMQP have 255 bytes; those of a group are made of its topic's, its own, and `@members`.
            $0.maximumTopicBytes = 180
            $0.maximumFieldBytes = 255
            $0.delayGranularity = .milliseconds(50)
            $0.maximumDelay = .seconds(30 * 86_400)
            $0.maximumRetention = .milliseconds(4_294_967_295)
            $0.maxHold = RabbitMQConfiguration.consumerTimeout.defaultValue
            $0.settleLag = .seconds(1)
        },
        adapting: { limits, values in limits.with { $0.maxHold = values[RabbitMQConfiguration.consumerTimeout] } },
        findings: { RabbitMQConfiguration($0).findings })
}

extension BrokerCapabilities {
    fileprivate static let rabbitMQ: BrokerCapabilities = {
        let copies = Support.emulated(cost: "a confirmed copy in a delay queue; a crash between is a duplicate")
        let common: [Operation: Support] = [
            .serve: .native, .expiration: .native, .binaryHeaders: .native, .durable: .native,
            .nullBody: .emulated(cost: "a header marks a null body"),
        ]
        let stored: [Operation: Support] = [
            .retry: copies, .brokerDeadLetters: .native, .bindings: .native,
            .order: .emulated(cost: "one consumer at a time receives, the others stand by"),
            .bounded: .emulated(cost: "the server refuses when full; waiting is repeating the publish"),
            .expiredCount: .refused(reason: "the server removes what has expired without saying so"),
            .heldCount: .refused(reason: "AMQP tells how many messages are ready, not how many are held"),
            .delayCount: .refused(reason: "what waits for its time is in the delay queues, with that of all queues"),
            .atomicForward: .refused(
                reason: "an AMQP transaction applies the acknowledgement though the publish failed"),
        ]
        let queue: [Operation: Support] = [
            .delay: .emulated(cost: "one hop of 3 ms for each delay queue on the way, met in steps of 50 ms"),
            .priority: .emulated(cost: "the queue is classic: not replicated, attempt is 2 after every crash"),
            .pattern: .refused(reason: "a queue is subscribed to by its name; bind it to a pattern instead"),
            .untilEnd: .refused(reason: "a queue of the server has no end that could be reached"),
            .request: .native,
        ]
        let stream: [Operation: Support] = [
            .serve: .emulated(cost: "one queue for each group, and a stream queue as the log behind them"),
            .filter: .emulated(cost: "what does not fit is received and passed over"),
            .pattern: .emulated(cost: "one subscription for each declared stream that fits"),
            .untilEnd: .emulated(cost: "a marker is published to find the end"),
            .replay: .native,
        ]
        let pubSub: [Operation: Support] = [
            .pattern: .native, .durable: .refused(reason: "what nobody hears is gone"), .request: .native,
        ]
        return BrokerCapabilities(
            [
                .queue: common.merging(stored) { $1 }.merging(queue) { $1 },
                .stream: common.merging(stored) { $1 }.merging(stream) { $1 },
                .pubSub: common.merging(pubSub) { $1 },
            ], crashCount: .deliveries, releaseCounts: true, priorityOrder: .strict)
    }()
}
