public import Messaging

/// The options of a hub that are not a broker's or a route's, each described once.
enum HubOptions {
    static let version = Option("version", default: 1, in: 1...1, "the version of this format")

    static let shutdown = BoundOptions<HubConfiguration>([
        OptionBinding(
            Option(
                "grace", default: .seconds(30), in: .zero...Duration.seconds(86_400), "how long a shutdown may take"),
            \.grace)
    ])

    static let log = BoundOptions<LogConfiguration>([
        OptionBinding(Option("level", default: LogRecord.Level.info, "nothing less grave is logged"), \.level),
        OptionBinding(Option("format", default: LogConfiguration.Format.text, "how a record is written"), \.format),
    ])

    static let levelOfType = Option(
        "level", default: LogRecord.Level.info, "nothing less grave is logged of messages of this type", required: true)

    private static let logShape = ConfigurationShape(
        log.group,
        sections: [
            .init(
                "by-type", "other levels, for messages of these types",
                .entries(of: ConfigurationShape(OptionGroup([levelOfType.description]))))
        ])

    /// The shape of a configuration file.
    static let shape = ConfigurationShape(
        OptionGroup([version.description]),
        sections: [
            .init("brokers", "the brokers, by the names that routes use", .brokers),
            .init("routes", "which topics go where, and what is promised for them", .entries(of: RouteOptions.shape)),
            .init(
                "subscriptions", "what hub run does with the messages of some topics",
                .entries(of: SubscriptionOptions.shape)),
            .init("shutdown", "how the hub ends", .shape(ConfigurationShape(shutdown.group))),
            .init("log", "what is logged, and how", .shape(logShape)),
            .init(
                "requests", "what is told of the hub's own requests",
                .shape(ConfigurationShape(RequestConfiguration.options.group))),
        ])
}

extension HubConfiguration {
    /// Every key that a configuration file may have, with its description; those of a broker are its type's besides.
    public static var shape: ConfigurationShape { HubOptions.shape }
    /// The keys that every broker may have, whatever its type.
    public static var brokerOptions: OptionGroup { BrokerSection.options }
}
