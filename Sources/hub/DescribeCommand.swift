import Messaging
import MessagingHub

extension Command {
    /// `hub describe WHAT`.
    static let describe = Command(
        name: "describe", summary: "explains a broker, a kind of destination, a policy, or any key of a configuration",
        details: """
            WHAT is a type of broker (rabbitmq), a kind (queue, stream, pubsub), a policy or
            any other mapping (retry, circuit-breaker, log), or a key with dots between, whole
            or its end: routes.orders.retry.delay, retry.delay, rabbitmq.prefetch.
            """,
        arguments: [
            Argument(
                name: "WHAT", meaning: "what is to be explained", defaultText: "everything, in short",
                values: .words { DescribeIndex(profiles: Backends.profiles).names })
        ],
        options: OptionGroup([DescribeOptions.json.description, DescribeOptions.schema.description]),
        examples: [
            Example(line: "hub describe", meaning: "what there is to be explained"),
            Example(line: "hub describe rabbitmq", meaning: "every option of RabbitMQ, and its URL"),
            Example(line: "hub describe routes.orders.retry.delay", meaning: "one key"),
            Example(line: "hub describe --json deduplicate", meaning: "a policy, for machines"),
            Example(
                line: "hub describe --schema", meaning: "the JSON Schema that editors complete and check with"),
        ]
    ) { invocation, console in
        if invocation.options[DescribeOptions.schema] {
            console.write(HubConfiguration.schema(profiles: Backends.profiles).trimmingLast())
            return .success
        }
        let index = DescribeIndex(profiles: Backends.profiles)
        let word = invocation.arguments["WHAT"].flatMap { $0.hasPrefix("everything") ? nil : $0 }
        guard let subject = index.subject(word) else {
            let hint = index.nearest(to: word ?? "").map { "did you mean \($0)?" } ?? "hub describe lists what there is"
            console.writeError("hub describe: \((word ?? "").quoted) is nothing that can be explained; \(hint)")
            return .usage
        }
        let asJSON = invocation.options[DescribeOptions.json]
        console.write(asJSON ? DescribeJSON.text(subject) : DescribeText.text(subject, console.style))
        return .success
    }
}

/// The options of `hub describe`.
enum DescribeOptions {
    static let json = Option("json", default: false, "prints one JSON object instead of text")
    static let schema = Option(
        "schema", default: false, "prints the JSON Schema of a configuration, which is configs/messaging.schema.json")
}

extension String {
    /// The text without the end of its last line.
    fileprivate func trimmingLast() -> String { hasSuffix("\n") ? String(dropLast()) : self }
}
