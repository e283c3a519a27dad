import Messaging

/// The help of the program and of its commands, made from their descriptions. Pure.
enum HelpText {
    /// The list of commands.
    static func overview(_ commands: [Command], _ style: TextStyle) -> String {
        var lines = ["One API over RabbitMQ, Kafka, Redis, NATS, SQLite and memory: tries, checks and shows it.", ""]
        lines += [style.bold("Usage"), "  hub <command> [options]", "", style.bold("Commands")]
        lines += columns(commands.map { ($0.name, $0.summary) })
        lines += ["", style.bold("Exit status")]
        lines += columns(ExitStatus.allCases.map { (String($0.rawValue), $0.meaning) })
        lines += ["", "hub <command> --help explains a command and gives examples."]
        return lines.joined(separator: "\n")
    }

    /// All about one command.
    static func command(_ command: Command, _ style: TextStyle) -> String {
        let arguments = command.arguments.map { $0.defaultText == nil ? " \($0.name)" : " [\($0.name)]" }.joined()
        var lines = ["hub \(command.name): \(command.summary)", "", style.bold("Usage")]
        lines.append("  hub \(command.name)\(arguments) [options]")
        if !command.details.isEmpty { lines += ["", command.details] }
        if !command.arguments.isEmpty {
            lines += ["", style.bold("Arguments")]
            lines += columns(
                command.arguments.map { argument in
                    (argument.name, argument.meaning + (argument.defaultText.map { "; default \($0)" } ?? ""))
                })
        }
        lines += ["", style.bold("Options")]
        lines += columns(
            command.options.descriptions.map { (form(of: $0), explanation(of: $0)) } + [("--help", "this text")])
        if !command.examples.isEmpty {
            lines += ["", style.bold("Examples")]
            for example in command.examples { lines += ["  \(example.line)", "      \(example.meaning)"] }
        }
        return lines.joined(separator: "\n")
    }

    private static func form(of option: OptionDescription) -> String {
        option.isFlag
            ? (option.defaultText == "true" ? "--no-\(option.name)" : "--\(option.name)") : "--\(option.name) VALUE"
    }

    private static func explanation(of option: OptionDescription) -> String {
        var parts = [option.meaning]
        if !option.isFlag { parts.append(option.allowedDescription) }
        if !option.isFlag, !option.defaultText.isEmpty, !option.isSecret {
            parts.append("default \(option.defaultText)")
        }
        if option.isRequired { parts.append("must be given") }
        if let variable = option.variable { parts.append("or the environment variable \(variable)") }
        if !option.examples.isEmpty { parts.append("such as \(option.examples.joined(separator: ", "))") }
        return parts.joined(separator: "; ")
    }

    /// Two columns; the second is wrapped at 100 characters.
    private static func columns(_ rows: [(String, String)]) -> [String] {
        let width = rows.map { $0.0.count }.max() ?? 0
        return rows.flatMap { name, text in
            text.wrapped(at: max(40, 96 - width)).enumerated().map { index, line in
                let head = index == 0 ? name : ""
                return "  \(head)\(String(repeating: " ", count: width - head.count))  \(line)"
            }
        }
    }
}

extension String {
    /// The text in lines of at most this many characters, broken between words.
    func wrapped(at width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return lines + [line]
    }
}
