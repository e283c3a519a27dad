import Messaging

/// The options of a subscription in a configuration, each described once.
enum SubscriptionOptions {
    static let topic = Option("topic", default: "", "what is read, by its route", required: true)
        .examples("orders.created")
    static let group = Option<String?>(
        "group", default: nil, "as which group, where it is a stream; the route's only one where not set"
    ).examples("archive")
    static let target = Option<String?>(
        "to", default: nil,
        "a bridge: each message is published to this topic, by its own route, before it is accepted"
    ).examples("orders.archive")
    static let command = Option(
        "command", default: [String](),
        "or a program and its arguments, which gets each message as one NDJSON line on its standard input; exit status 0 "
            + "accepts it, any other is a failed run"
    ).examples("[./handle, --fast]")

    /// What a subscription has beside its topic and what it does.
    static let settings = BoundOptions<SubscriptionConfiguration>([
        OptionBinding(
            Option(
                "concurrency", in: 1...10_000,
                "how many messages are worked on at once; the route's number where not set"
            ).unit("messages"),
            \.concurrency),
        OptionBinding(
            Option<Guarantee?>(
                "guarantee", default: nil, "what is asked for as a whole; less is refused"), \.guarantee),
    ])

    /// The shape of a subscription in a file.
    static let shape = ConfigurationShape(
        OptionGroup(
            [topic.description, group.description, target.description, command.description]
                + settings.group.descriptions),
        sections: [
            .init(
                "filter", "the value that each of these headers must have; other messages are accepted and counted",
                .texts)
        ], rules: [.either(target.name, command.name)])
}
