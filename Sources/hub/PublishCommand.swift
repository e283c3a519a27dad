import Messaging
import MessagingHub

extension Command {
    /// `hub publish TOPIC`.
    static let publish = Command(
        name: "publish", summary: "publishes what comes on standard input to a topic",
        details: """
            Each line is a message: a JSON object with the fields that hub consume prints, of
            which only body is usual; with --format lines the line is the body. --format body
            makes one message of all that comes. Each is published once its broker has
            confirmed it; the last line is the ledger, and the exit status is 0 only where
            everything was confirmed. The first message that is refused ends it.

            TOPIC is a topic of the configuration, or a broker's URL with the topic:
            'amqp://user:${PW}@host/vhost?topic=orders&kind=queue'. In memory what was
            published is gone when the command ends: use a broker that outlives it.
            """,
        arguments: [Argument(name: "TOPIC", meaning: "where they go", defaultText: nil)],
        options: OptionGroup([
            CopyOptions.config.description, CopyOptions.format.description, PublishingOptions.key.description,
            PublishingOptions.type.description, PublishingOptions.header.description, CopyOptions.rate.description,
            CopyOptions.limit.description, CopyOptions.onBadLine.description, CopyOptions.deadLetters.description,
            CopyOptions.dryRun.description, CopyOptions.json.description,
        ]),
        examples: [
            Example(line: "echo hello | hub publish orders.created --format lines", meaning: "one message"),
            Example(
                line: #"echo '{"key":"7","body":{"id":7}}' | hub publish orders.created"#,
                meaning: "one with a key, its body being JSON"),
            Example(
                line: "hub publish orders.created --format body --type order <order.xml",
                meaning: "a file as one message"),
        ]
    ) { invocation, console in
        do throws(CopyProblems) {
            return await CopyJob(try PublishingOptions.copy(invocation), console).run()
        } catch {
            for problem in error.problems { console.writeError("\(console.errorStyle.red("hub publish")): \(problem)") }
            return .usage
        }
    }
}

/// The options of `hub publish` that `hub copy` has not.
enum PublishingOptions {
    static let key = Option<String?>("key", default: nil, "the key of messages that have none")
    static let type = Option<String?>("type", default: nil, "the type of messages that have none")
    static let header = Option(
        "header", default: [String](), "a header of messages that have none of this name; several are allowed"
    ).wholeItems().examples("region=eu")

    /// The same as a copy from standard input.
    static func copy(_ invocation: Invocation) throws(CopyProblems) -> CopyOptions {
        var invocation = invocation
        invocation.arguments["SOURCE"] = "-"
        invocation.arguments["TARGET"] = invocation["TOPIC"]
        var options = CopyOptions(invocation)
        options.command = "publish"
        options.additions.key = invocation.options[key]
        options.additions.type = invocation.options[type]
        var problems: [String] = []
        for text in invocation.options[header] {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, !parts[0].isEmpty {
                options.additions.headers.append(HeaderName(String(parts[0])), .text(String(parts[1])))
            } else {
                problems.append("--header: \(text.quoted) is not allowed; give name=value")
            }
        }
        if case .topic? = try? Endpoint(options.target) {
        } else if case .url? = try? Endpoint(options.target) {
        } else if !options.target.contains("://") {
            problems.append("TOPIC: \(options.target.quoted) is no topic; hub copy writes files")
        }
        if !problems.isEmpty { throw CopyProblems(problems) }
        return options
    }
}
