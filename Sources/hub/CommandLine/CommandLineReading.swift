import Messaging

/// A command line while it is read.
struct CommandLineReading {
    private let command: Command
    private var invocation = Invocation()
    private var lists: [String: [String]] = [:]
    private var given: Set<String> = []
    private var arguments = 0
    private var problems: [String] = []

    init(_ command: Command) { self.command = command }

    mutating func problem(_ sentence: String) { problems.append(sentence) }

    mutating func argument(_ word: String) {
        if arguments < command.arguments.count {
            invocation.arguments[command.arguments[arguments].name] = word
        } else {
            let most = command.arguments.count
            problem("\(word.quoted) is one argument too many; \(command.name) takes \(most == 0 ? "none" : "\(most)")")
        }
        arguments += 1
    }

    /// Reads `name=value`, `name value`, `flag` or `no-flag`.
    mutating func option(_ text: Substring, _ rest: inout ArraySlice<String>) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        var value = parts.count > 1 ? String(parts[1]) : nil
        if let option = command.options[name] {
            if value == nil, option.isFlag { value = "true" }
            if value == nil, let next = rest.first, !next.hasPrefix("--") { value = rest.popFirst() }
            guard let value else { return problem("--\(name) needs a value; give \(option.allowedDescription)") }
            set(option, value)
        } else if name.hasPrefix("no-"), value == nil, let option = command.options[String(name.dropFirst(3))],
            option.isFlag
        {
            set(option, "false")
        } else {
            let names = command.options.descriptions.map(\.name) + ["help"]
            let all = names.map { "--\($0)" }.joined(separator: ", ")
            let hint = name.nearest(in: names).map { "did you mean --\($0)?" } ?? "there are \(all)"
            problem("--\(name) is not an option of \(command.name); \(hint)")
        }
    }

    private mutating func set(_ option: OptionDescription, _ text: String) {
        if option.isList {
            let items = option.hasWholeItems ? [text] : text.split(separator: ",").map(String.init)
            if items.contains("") || items.isEmpty { problem("--\(option.name): an item is empty; give a text") }
            lists[option.name, default: []] += items
            return
        }
        if !given.insert(option.name).inserted { return problem("--\(option.name) is given twice; give it once") }
        read(option, text, as: "--\(option.name)")
    }

    private mutating func read(_ option: OptionDescription, _ text: String, as source: String) {
        if let value = option.read(text) {
            invocation.options.set(option.name, value)
        } else {
            let shown = option.isSecret ? "the value" : text.quoted
            let remedy = option.remedy(for: option.isSecret ? nil : text)
            problem("\(source): \(shown) is not allowed; \(remedy)")
        }
    }

    /// Completes what was not given, and says what is missing.
    mutating func end(_ environment: [String: String]) -> (Invocation, [String]) {
        for argument in command.arguments where invocation.arguments[argument.name] == nil {
            if let text = argument.defaultText {
                invocation.arguments[argument.name] = text
            } else {
                problem("\(argument.name) is missing; give \(argument.meaning)")
            }
        }
        for option in command.options.descriptions {
            if let items = lists[option.name] {
                if let value = option.readList(items) { invocation.options.set(option.name, value) }
            } else if !given.contains(option.name) {
                if let (variable, text) = option.variable(in: environment) {
                    read(option, text, as: "the environment variable \(variable)")
                } else if option.isRequired {
                    problem("--\(option.name) is missing; give \(option.allowedDescription)")
                }
            }
        }
        return (invocation, problems)
    }
}
