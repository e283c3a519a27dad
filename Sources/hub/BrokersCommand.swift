import Messaging
import MessagingHub

extension Command {
    /// `hub brokers`.
    static let brokers = Command(
        name: "brokers", summary: "shows what each type of broker can do, for each kind of destination",
        details: """
            yes: the broker itself does it. yes*: the backend does it, at a cost. no: refused
            at start-up. These are the most that a backend can do; what a server does is known
            once it is connected to.
            """,
        arguments: [
            Argument(
                name: "TYPE", meaning: "one type, with costs, reasons and options", defaultText: "all",
                values: .words { Backends.profiles.map(\.type.name) })
        ],
        options: OptionGroup([CheckOptions.json.description, BrokersOptions.fidelity.description]),
        examples: [
            Example(line: "hub brokers", meaning: "the tables of all types"),
            Example(line: "hub brokers rabbitmq", meaning: "what RabbitMQ can do, at which cost, and its options"),
            Example(line: "hub brokers --fidelity", meaning: "what each cannot carry of the messages of the others"),
            Example(line: "hub brokers --json", meaning: "the same for machines"),
        ]
    ) { invocation, console in
        let word = invocation["TYPE"]
        let chosen = word == "all" ? Backends.profiles : Backends.profiles.filter { $0.type.name == word }
        if chosen.isEmpty {
            let names = Backends.profiles.map(\.type.name)
            let all = "there are \(names.joined(separator: ", "))"
            let hint = word.nearest(in: names).map { "did you mean \($0)?" } ?? all
            console.writeError("hub brokers: \(word.quoted) is not a type of broker; \(hint)")
            return .usage
        }
        let built = Set(Backends.factories.map(\.profile.type))
        if invocation.options[BrokersOptions.fidelity] {
            console.write(FidelityText.table(Backends.profiles, console.style))
        } else if invocation.options[CheckOptions.json] {
            console.write(BrokersJSON.text(chosen, built: built))
        } else if word == "all" {
            console.write(BrokersText.tables(chosen, built: built, console.style))
        } else {
            console.write(chosen.map { BrokersText.details($0, built: built, console.style) }.joined(separator: "\n\n"))
        }
        return .success
    }
}

/// The options of `hub brokers`.
enum BrokersOptions {
    static let fidelity = Option(
        "fidelity", default: false, "prints what each type cannot carry of the messages of the others, sent on to it")
}
