import Messaging
import MessagingHub

extension Command {
    /// `hub consume TOPIC`.
    static let consume = Command(
        name: "consume", summary: "prints the messages of a topic, a JSON object a line",
        details: """
            Without --ack nothing is taken: of a stream everything from --from on is shown,
            as no member of any group; of a queue what waits now, held while it is shown
            and then given back; of a pubsub what is published meanwhile. With --ack each
            message is accepted once it is written, until Ctrl-C, --count or --until-end: a
            queue's is gone then, and a stream's group goes on behind it.

            TOPIC is a topic of the configuration, or a broker's URL with the topic:
            'amqp://user:${PW}@host/vhost?topic=orders&kind=queue'. Memory is empty in a
            process of its own: use a broker that outlives it.
            """,
        arguments: [Argument(name: "TOPIC", meaning: "what is printed", defaultText: nil)],
        options: OptionGroup([
            CopyOptions.config.description, ConsumeOptions.ack.description, ConsumeOptions.peek.description,
            ConsumeOptions.count.description, CopyOptions.from.description, ConsumeOptions.group.description,
            CopyOptions.untilEnd.description, ConsumeOptions.format.description,
        ]),
        examples: [
            Example(line: "hub consume orders.dead --count 1", meaning: "shows one dead letter, which stays"),
            Example(line: "hub consume orders.dead --ack >dead.ndjson", meaning: "takes them, until Ctrl-C"),
            Example(
                line: "hub consume events.login --from 2026-11-21T00:00:00Z | jq .body",
                meaning: "what a stream has from that time on"),
        ]
    ) { invocation, console in
        await ConsumeJob(ConsumeOptions(invocation), console).run()
    }
}

/// The options of `hub consume`.
struct ConsumeOptions: Sendable {
    static let ack = Option("ack", default: false, "accepts each message once it is written")
    static let peek = Option("peek", default: false, "takes nothing; so it is without --ack")
    static let count = Option<Int?>("count", in: 1...1_000_000_000_000, "ends after this many messages")
    static let group = Option<String?>(
        "group", default: nil, "as which group a stream is read with --ack; copy, where not given")
    static let format = Option(
        "format", default: RecordFormat.ndjson, "what is printed: all of a message, or its body as a line")

    let topic: String
    var config = CopyOptions.config.defaultValue
    var acks = false
    var peeks = false
    var count: Int?
    var from: StartPosition?
    var group: String?
    var untilEnd = false
    var format = RecordFormat.ndjson

    /// What there is in a topic.
    init(topic: String) { self.topic = topic }

    init(_ invocation: Invocation) {
        let values = invocation.options
        self.init(topic: invocation["TOPIC"])
        config = values[CopyOptions.config]
        acks = values[Self.ack]
        peeks = values[Self.peek]
        count = values[Self.count]
        from = values[CopyOptions.from]
        group = values[Self.group]
        untilEnd = values[CopyOptions.untilEnd]
        format = values[Self.format]
    }
}
