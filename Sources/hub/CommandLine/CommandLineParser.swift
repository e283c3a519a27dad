import Messaging

/// Understands a command line by the descriptions of the commands. Pure: it reads and writes nothing.
struct CommandLineParser: Sendable {
    /// What a command line asks for.
    enum Result: Sendable {
        case run(Command, Invocation)
        /// Help on a command, or on all.
        case help(Command?)
        /// Which version this is.
        case version
        /// It was not understood; every reason at once.
        case problems([String], of: Command?)
    }

    let commands: [Command]
    /// The variables for options that name one.
    let environment: [String: String]

    /// Parses what follows the program's name.
    func parse(_ words: [String]) -> Result {
        guard let first = words.first else { return .problems(["no command is given"], of: nil) }
        if Self.isHelp(first) { return .help(nil) }
        if first == "--version" { return .version }
        if first == "help" { return help(words.dropFirst()) }
        guard let command = command(first) else { return unknown(first) }
        let rest = Array(words.dropFirst())
        if rest.prefix(while: { $0 != "--" }).contains(where: Self.isHelp) { return .help(command) }
        return parse(rest, of: command)
    }

    private func help(_ words: ArraySlice<String>) -> Result {
        guard let name = words.first else { return .help(nil) }
        return command(name).map { .help($0) } ?? unknown(name)
    }

    private func command(_ name: String) -> Command? { commands.first { $0.name == name } }

    private static func isHelp(_ word: String) -> Bool { word == "--help" || word == "-h" }

    private func unknown(_ name: String) -> Result {
        let names = commands.map(\.name)
        let hint = name.nearest(in: names).map { "did you mean \($0)?" } ?? "there are \(names.joined(separator: ", "))"
        return .problems(["\(name.quoted) is not a command; \(hint)"], of: nil)
    }

    private func parse(_ words: [String], of command: Command) -> Result {
        var reading = CommandLineReading(command)
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                rest.forEach { reading.argument($0) }
                break
            }
            if word.hasPrefix("--") {
                reading.option(word.dropFirst(2), &rest)
            } else if word.hasPrefix("-"), word.count > 1, Int(word) == nil {
                reading.problem("\(word.quoted) is not an option; options begin with --")
            } else {
                reading.argument(word)
            }
        }
        let (invocation, problems) = reading.end(environment)
        return problems.isEmpty ? .run(command, invocation) : .problems(problems, of: command)
    }
}
