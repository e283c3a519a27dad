import Messaging
import MessagingHub

extension Command {
    /// `hub check FILE`.
    static let check = Command(
        name: "check", summary: "says what is wrong in a configuration, or what each of its routes gets",
        details: """
            Every problem is reported at once, as file:line:column: key: what is wrong; what
            would be right. Without problems: the table of routes, how each need is met, and
            what is promised and why; last, what is not safe, with its place and the remedy.
            Nothing is connected to. Values of secrets and of variables are never shown.
            """,
        arguments: [
            Argument(
                name: "FILE", meaning: "the configuration", defaultText: "configs/messaging.yaml",
                values: .configurations)
        ],
        options: OptionGroup([
            CheckOptions.json.description, CheckOptions.strict.description, CheckOptions.keys.description,
        ]),
        examples: [
            Example(line: "hub check configs/development.yaml", meaning: "what the demonstration runs on"),
            Example(line: "RABBITMQ_HOST=rabbit hub check", meaning: "configs/messaging.yaml with a variable set"),
            Example(line: "hub check --json production.yaml", meaning: "the same for machines"),
            Example(line: "hub check --strict production.yaml", meaning: "what is not safe is an error"),
            Example(line: "hub check --keys", meaning: "what can be written in a configuration"),
        ]
    ) { invocation, console in
        if invocation.options[CheckOptions.keys] {
            console.write(ConfigurationReference.text(Backends.profiles))
            return .success
        }
        let file = invocation["FILE"]
        let asJSON = invocation.options[CheckOptions.json]
        do throws(ConfigurationError) {
            let configuration = try HubConfiguration.load(
                path: file, environment: console.environment, profiles: Backends.profiles)
            let report = configuration.report(profiles: Backends.profiles, registered: Backends.factories)
            if !report.problems.isEmpty { throw ConfigurationError(report.problems) }
            console.write(asJSON ? CheckJSON.text(report) : CheckText.text(report, file: file, console.style))
            guard invocation.options[CheckOptions.strict], !report.warnings.isEmpty else { return .success }
            let count = report.warnings.count
            let words =
                "\(count == 1 ? "1 warning, which is an error" : "\(count) warnings, which are errors") by --strict"
            if !asJSON { console.writeError(console.errorStyle.red(words)) }
            return .configuration
        } catch {
            if asJSON {
                console.write(CheckJSON.text(error))
            } else {
                let count = error.problems.count
                for problem in error.problems { console.writeError(problem.description) }
                console.writeError(console.errorStyle.red(count == 1 ? "1 problem" : "\(count) problems"))
            }
            return .configuration
        }
    }
}

/// The options of `hub check`.
enum CheckOptions {
    static let json = Option("json", default: false, "prints one JSON object instead of tables")
    static let strict = Option("strict", default: false, "makes a warning an error: exit status 3")
    static let keys = Option("keys", default: false, "prints every key that a configuration may have, as Markdown")
}
