import Messaging

/// The help of the program and of its commands, made from their descriptions. Pure.
enum HelpText {
    /// What the program is, in one sentence.
    static let summary = "one API over RabbitMQ, Kafka, Redis, NATS, SQLite and memory: tries, checks and shows it"

    /// The list of commands.
    static func overview(_ commands: [Command], _ style: TextStyle) -> String {
        var lines = summary.wrapped(at: width) + [""]
        lines += [style.bold("Usage"), "  hub <command> [options]", "", style.bold("Commands")]
        lines += columns(commands.map { ($0.name, $0.summary) })
        lines += ["", style.bold("Exit status")]
        lines += columns(ExitStatus.allCases.map { (String($0.rawValue), $0.meaning) })
        lines += ["", "hub <command> --help explains a command and gives examples; hub --version."]
        return lines.joined(separator: "\n")
    }

    /// All about one command.
    static func command(_ command: Command, _ style: TextStyle) -> String {
        let arguments = command.arguments.map { $0.defaultText == nil ? " \($0.name)" : " [\($0.name)]" }.joined()
        var lines = "hub \(command.name): \(command.summary)".wrapped(at: width) + ["", style.bold("Usage")]
        lines.append("  hub \(command.name)\(arguments) [options]")
        for paragraph in command.paragraphs {
            switch paragraph {
            case .text(let text): lines += [""] + text.wrapped(at: width)
            case .lines(let kept): lines += [""] + kept
            }
        }
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

    static func form(of option: OptionDescription) -> String {
        option.isFlag
            ? (option.defaultText == "true" ? "--no-\(option.name)" : "--\(option.name)") : "--\(option.name) VALUE"
    }

    static func explanation(of option: OptionDescription) -> String {
        var parts = [option.meaning]
        if !option.isFlag { parts.append(option.allowedWithUnit) }
        if !option.isFlag, !option.defaultText.isEmpty, !option.isSecret {
            parts.append("default \(option.defaultText)")
        }
        if option.isRequired { parts.append("must be given") }
        if let variable = option.variable { parts.append("or the environment variable \(variable)") }
        if !option.examples.isEmpty { parts.append("such as \(option.examples.joined(separator: ", "))") }
        return parts.joined(separator: "; ")
    }

    /// Two columns within 80 characters; a name that is too long for the first stands on a line of its own.
    static func columns(_ rows: [(String, String)]) -> [String] {
        let widest = 26
        let width = rows.map { $0.0.count }.filter { $0 <= widest }.max() ?? 0
        return rows.flatMap { name, text in
            var lines = text.wrapped(at: self.width - 4 - width)
            let isLong = name.count > width
            if isLong { lines.insert("", at: 0) }
            return lines.enumerated().map { index, line in
                let head = index == 0 ? name : ""
                if line.isEmpty { return "  \(head)" }
                return "  \(head)\(String(repeating: " ", count: width - head.count))  \(line)"
            }
        }
    }

    /// The most characters of a line.
    static let width = 80
}

extension String {
    /// The text in such lines behind a margin, all but the first indented further.
    func wrapped(at width: Int, margin: Int = 0, indent: Int) -> [String] {
        wrapped(at: width - margin - indent).enumerated().map { index, line in
            String(repeating: " ", count: index == 0 ? margin : margin + indent) + line
        }
    }

    /// The text in lines of at most this many characters, broken between words.
    func wrapped(at width: Int) -> [String] {
        if count <= width { return [self] }
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
