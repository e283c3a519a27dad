import Messaging
import MessagingHub

extension Command {
    /// `hub copy SOURCE TARGET`.
    static let copy = Command(
        name: "copy", summary: "copies messages between topics of any broker, files and streams",
        details: """
            SOURCE and TARGET are each
              orders.created              a topic of the configuration (--config)
              'amqp://u:${PW}@host/vh?topic=orders&kind=queue'
                                          a topic of a broker, by its URL; kind is queue,
                                          stream or pubsub, the rest of the query are the
                                          broker's options. ${PW} is replaced by the
                                          variable; single quotes keep it from the shell
              events.ndjson, dir/a.gz     a file; .gz and .zst are compressed
              -                           standard input, or output
            A word that could be both is a topic; topic: or file: before it says which.

            A message of the source is accepted only once the target has it for good: a
            broker has confirmed it, a file is on the disk. What the target refuses for
            what lies in the message goes where the source's dead letters go. A file that is
            there is added to. Ended and
            started again, it goes on where it was: a stream for its group, a queue
            anyway, a file with --group, which it keeps in FILE.GROUP.pos. A message may
            come twice then, never not at all. Standard input cannot go on.

            Without --until-end a topic is copied until Ctrl-C, or up to --limit; a file
            up to its end. Ctrl-C lets what is on its way arrive. The last line is the
            ledger; the exit status is 0 only where received + dead-lettered = sent.
            """,
        arguments: [
            Argument(name: "SOURCE", meaning: "where messages come from", defaultText: nil),
            Argument(name: "TARGET", meaning: "where they go", defaultText: nil),
        ],
        options: OptionGroup([
            CopyOptions.config.description, CopyOptions.untilEnd.description, CopyOptions.limit.description,
            CopyOptions.from.description, CopyOptions.group.description, CopyOptions.rate.description,
            CopyOptions.concurrency.description, CopyOptions.filter.description, CopyOptions.format.description,
            CopyOptions.onBadLine.description, CopyOptions.deadLetters.description, CopyOptions.dryRun.description,
            CopyOptions.printConfig.description, CopyOptions.json.description,
        ]),
        examples: [
            Example(
                line: "hub copy Examples/data/commits.ndjson commits.ndjson.gz --format lines",
                meaning: "a file to a compressed one"),
            Example(
                line: "hub copy --config orders.yaml --until-end orders.dead dead.ndjson",
                meaning: "what is in a queue now to a file"),
            Example(
                line: "hub copy 'amqp://app:${PW}@one?topic=orders' 'amqp://app:${PW}@two?topic=orders'",
                meaning: "a queue from one broker to another, until Ctrl-C"),
            Example(
                line: "hub copy orders.created orders.archive --filter region=eu --print-config",
                meaning: "the YAML with which hub run does the same"),
        ]
    ) { invocation, console in
        await CopyJob(CopyOptions(invocation), console).run()
    }
}

/// The options of `hub copy`.
struct CopyOptions: Sendable {
    static let config = Option(
        "config", default: "configs/messaging.yaml", "the configuration whose topics may be named")
    static let untilEnd = Option(
        "until-end", default: false, "ends once everything is copied that is in the source at the start")
    static let limit = Option<Int?>("limit", in: 1...1_000_000_000_000, "ends after this many messages")
    static let from = Option<StartPosition?>(
        "from", default: nil, "where a group of a stream begins that does not exist yet, or a file"
    ).examples("earliest", "2026-11-21T00:00:00Z", "1042")
    static let group = Option<String?>(
        "group", default: nil, "as which group a stream is read (copy, where not given), or a file remembered")
    static let rate = Option<Double?>("rate", in: 0.001...1_000_000_000, "at most this many messages a second")
    static let concurrency = Option<Int?>(
        "concurrency", in: 1...1024,
        "how many messages of a topic are on their way at once (256), or how many batches of a file (1); 1 keeps order")
    static let filter = Option(
        "filter", default: [String](), "only messages with this header; several: with all of them"
    ).wholeItems().examples("region=eu")
    static let format = Option("format", default: RecordFormat.ndjson, "how messages stand in a file or a stream")
    static let onBadLine = Option("on-bad-line", default: BadLine.stop, "what to do at a line that is no message")
    static let deadLetters = Option<String?>(
        "dead-letters", default: nil, "a file for what the target refuses, where the source is a file")
    static let dryRun = Option(
        "dry-run", default: false, "connects and says what would be copied; copies and accepts nothing")
    static let printConfig = Option(
        "print-config", default: false, "prints the configuration with which hub run does the same, and ends")
    static let json = Option("json", default: false, "prints the ledger as a JSON object")

    let source: String
    let target: String
    var config = Self.config.defaultValue
    var untilEnd = false
    var limit: Int?
    var from: StartPosition?
    var group: String?
    var rate: Double?
    var concurrency: Int?
    var filter: [String] = []
    var format = RecordFormat.ndjson
    var onBadLine = BadLine.stop
    var deadLetters: String?
    var dryRun = false
    var printConfig = false
    var json = false
    /// What is added to each message that has not got it.
    var additions = MessageAdditions()
    /// The name of the command in messages.
    var command = "copy"

    /// A copy of everything from here to there.
    init(source: String, target: String) {
        self.source = source
        self.target = target
    }

    init(_ invocation: Invocation) {
        let values = invocation.options
        self.init(source: invocation["SOURCE"], target: invocation["TARGET"])
        config = values[Self.config]
        untilEnd = values[Self.untilEnd]
        limit = values[Self.limit]
        from = values[Self.from]
        group = values[Self.group]
        rate = values[Self.rate]
        concurrency = values[Self.concurrency]
        filter = values[Self.filter]
        format = values[Self.format]
        onBadLine = values[Self.onBadLine]
        deadLetters = values[Self.deadLetters]
        dryRun = values[Self.dryRun]
        printConfig = values[Self.printConfig]
        json = values[Self.json]
    }
}

/// What to do at a line that is not what a line is to be.
enum BadLine: String, Hashable, Sendable, CaseIterable, OptionValue {
    case stop
    case skip
}
