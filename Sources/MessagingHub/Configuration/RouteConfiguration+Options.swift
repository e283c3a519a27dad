import Messaging
import MessagingReliability

/// The options of a route, each described once.
enum RouteOptions {
    static let topic = Option(
        "topic", default: "", "which topics: one, or a pattern with wildcards", required: true
    ).examples("orders.created", "orders.*")
    static let style = Option(
        "style", default: TopicPattern.Style.amqp,
        "whose wildcards the pattern has: amqp, * and #; or nats, * and >")
    static let broker = Option(
        "broker", default: BrokerReference(""), "to which of the brokers", required: true
    ).examples("main", "amqp://localhost")
    static let kind = Option("kind", default: DestinationKind.queue, "what the topics are", required: true)

    private static let year = Duration.seconds(365 * 86_400)

    /// What a route has beside its topics, broker and kind.
    static let settings = BoundOptions<RouteConfiguration>([
        OptionBinding(
            Option<Guarantee?>(
                "guarantee", default: nil,
                "what is asked for; less is refused, and where not set what is computed stands"
            ), \.guarantee),
        OptionBinding(
            Option("order", default: DestinationDeclaration.Order.none, "which messages keep their order"), \.order),
        OptionBinding(
            Option("max-priority", default: 0, in: 0...10, "the highest priority in use, in a queue; 0: none"),
            get: { Int($0.maximumPriority) }, set: { $0.maximumPriority = UInt8(clamping: $1) }),
        OptionBinding(
            Option(
                "retention", in: .seconds(1)...year * 100,
                "how long a stream keeps what was read; in a queue, how long a message waits before it expires"),
            \.retention),
        OptionBinding(
            Option("max-messages", in: 1...1_000_000_000_000, "how many messages a destination holds").unit("messages"),
            \.maximumMessages),
        OptionBinding(
            Option("max-bytes", in: ByteCount(1024)...ByteCount(1 << 50), "how many bytes a destination holds"),
            get: { $0.maximumBytes.map { ByteCount($0) } }, set: { $0.maximumBytes = $1?.bytes }),
        OptionBinding(
            Option("when-full", default: DestinationDeclaration.WhenFull.wait, "what a full destination does"),
            \.whenFull),
        OptionBinding(
            Option("durable", default: true, "whether destinations outlive the broker's process")
                .caution { durable in
                    if durable { return nil }
                    return OptionCaution("durable: false loses what waits when the broker ends", losesMessages: true)
                }, \.durable),
        OptionBinding(
            Option("timeout", in: .milliseconds(1)...year, "how long a handler may run; max-hold where not set"),
            \.timeout),
        OptionBinding(
            Option("concurrency", default: 8, in: 1...10_000, "how many handlers run at once").unit("handlers"),
            \.concurrency),
        OptionBinding(
            Option("window", default: 256, in: 1...100_000, "how many deliveries are held at once").unit("deliveries"),
            \.window),
        OptionBinding(
            Option("max-hold", default: .seconds(1800), in: .seconds(1)...year, "how long a delivery may be held"),
            \.maxHold),
        OptionBinding(
            Option("error-replies", default: true, "whether a request that is given up is answered with the error"),
            \.answersFailures),
    ])

    static let bindings = Option(
        "bindings", default: [String](), "patterns of further topics whose messages flow in")

    static let retry = RetryPolicy.options(defaults: RetryPolicy())

    static let budget = BoundOptions<RouteConfiguration>([
        OptionBinding(
            Option(
                "budget", in: 1...100_000,
                "how many retries a minute a subscription may spend in all; what fails beyond is given up at once"
            ).unit("retries a minute"),
            \.retryBudget)
    ])

    static let publishRetry = RetryPolicy.options(
        defaults: RetryPolicy(attempts: 3, delay: .milliseconds(100), maximumDelay: .seconds(2)))

    static let publish = BoundOptions<RouteConfiguration>([
        OptionBinding(
            Option(
                "deadline", default: .seconds(30), in: .milliseconds(1)...year, "how long a publish may take in all"),
            \.publishDeadline),
        OptionBinding(
            Option(
                "accepts-duplicates", default: true, "whether a publish of unknown outcome is repeated"),
            \.acceptsDuplicates),
    ])

    static let start = Option(
        "start", default: StartPosition.earliest, "where the group begins, where it does not exist yet"
    ).examples("earliest", "2026-11-21T00:00:00Z")
    static let match = Option("match", default: HeaderFilter.Match.all, "whether all of the headers must fit, or any")
    static let deadLetterTopic = Option<String?>(
        "topic", default: nil, "the topic that gets what handlers give up, by its own route; none: it stays"
    ).examples("orders.dead", "none")
    static let deadLetterBroker = Option<String?>(
        "broker", default: nil, "the topic that the broker itself is to dead-letter to")
}

extension RouteOptions {
    /// The shape of a route in a file.
    static let shape = ConfigurationShape(
        OptionGroup(
            [topic.description, broker.description, style.description, kind.description] + settings.group.descriptions
                + [bindings.description]),
        sections: [
            .init(
                "fallback", "the broker that stands in while the route's own cannot be reached; none where not set",
                .shape(FallbackRoute.shape, shorthand: FallbackRoute.broker.name)),
            .init(
                "lifecycle", "whether the topics are still to be used; they are where not set",
                .shape(TopicLifecycle.shape, shorthand: TopicLifecycle.state.name)),
            .init("groups", "the groups of a stream, by name", .entries(of: groupShape)),
            .init(
                "dead-letter", "where what handlers give up goes; the topic with .dead after it where not set",
                deadLetterShape),
            .init("retry", "how often a handler is tried, and when", .shape(retryShape)),
            .init(
                "circuit-breaker", "handlers that fail one after the other are not run for a while",
                .shape(ConfigurationShape(CircuitBreakerPolicy.options.group))),
            .init(
                "deduplicate", "for how long a message that comes twice is handled once; not at all where not set",
                .shape(ConfigurationShape(DeduplicationPolicy.options.group), shorthand: "window")),
            .init("publish", "how often a failed publish is repeated, and when", .shape(publishShape)),
        ])

    private static let groupShape = ConfigurationShape(
        OptionGroup([start.description]),
        sections: [.init("filter", "which messages the group sees, by their headers", .shape(filterShape))])

    private static let filterShape = ConfigurationShape(
        OptionGroup([match.description]),
        sections: [.init("headers", "the value that each header must have", .texts)], rules: [.needs("headers")])

    private static let deadLetterShape = ConfigurationShape.Content.shape(
        ConfigurationShape(
            OptionGroup([deadLetterTopic.description, deadLetterBroker.description]),
            rules: [.notBoth(deadLetterTopic.name, deadLetterBroker.name)]),
        shorthand: "topic")

    private static let retryShape = ConfigurationShape(
        OptionGroup(retry.group.descriptions + budget.group.descriptions),
        sections: [
            .init("by-type", "other values for these message types", .entries(of: ConfigurationShape(retry.group)))
        ])

    private static let publishShape = ConfigurationShape(
        OptionGroup(publishRetry.group.descriptions + publish.group.descriptions),
        sections: [
            .init(
                "circuit-breaker", "what cannot be published time after time is refused at once for a while",
                .shape(ConfigurationShape(CircuitBreakerPolicy.options.group)))
        ])
}
