import Messaging

/// A sub-command: described once, and from that come its parsing, its help and its place in the list.
struct Command: Sendable {
    /// A word on the command line that has no `--` before it.
    struct Argument: Sendable {
        /// Its name in the help.
        let name: String
        /// What it means, in one sentence without a full stop.
        let meaning: String
        /// What it is when it is not there; nil: it must be there.
        let defaultText: String?
    }

    /// A line that works, and what it does.
    struct Example: Sendable {
        let line: String
        let meaning: String
    }

    /// The word after `hub`.
    let name: String
    /// What it does, in one sentence without a full stop.
    let summary: String
    /// What is to be known beside: plain text, lines of at most 80 characters.
    var details = ""
    var arguments: [Argument] = []
    var options = OptionGroup([])
    var examples: [Example] = []
    /// Does it. Writes through the console; the status becomes the process's.
    let run: @Sendable (Invocation, Console) async -> ExitStatus
}

/// A command line that was understood.
struct Invocation: Sendable {
    /// The values of the command's options.
    var options = OptionValues()
    /// The arguments, by their names.
    var arguments: [String: String] = [:]

    /// The argument of this name, or its default.
    subscript(argument: String) -> String { arguments[argument] ?? "" }
}
