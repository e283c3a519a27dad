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
        /// What a shell completes it with.
        var values = Values.any

        /// What a shell completes an argument with.
        enum Values: Sendable {
            /// The names of files, whatever they are.
            case any
            /// Those of configurations.
            case configurations
            /// These words.
            case words(@Sendable () -> [String])
        }
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
    /// What is to be known beside: plain text; lines that begin with blanks stay as they are.
    var details = ""
    var arguments: [Argument] = []
    var options = OptionGroup([])
    var examples: [Example] = []
    /// Does it. Writes through the console; the status becomes the process's.
    let run: @Sendable (Invocation, Console) async -> ExitStatus
}

extension Command {
    /// A paragraph of the details: a text that may be broken anywhere, or lines that stay as they are.
    enum Paragraph: Hashable, Sendable {
        case text(String)
        case lines([String])
    }

    /// The details in paragraphs.
    var paragraphs: [Paragraph] {
        var paragraphs: [Paragraph] = []
        var isNew = true
        for line in details.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            switch (paragraphs.last, line.hasPrefix(" ")) {
            case _ where line.isEmpty: isNew = true
            case (.text(let text), false) where !isNew:
                paragraphs[paragraphs.count - 1] = .text("\(text) \(line)")
            case (.lines(let lines), true):
                paragraphs[paragraphs.count - 1] = .lines(lines + (isNew ? [""] : []) + [line])
                isNew = false
            case (_, let isKept):
                paragraphs.append(isKept ? .lines([line]) : .text(line))
                isNew = false
            }
        }
        return paragraphs
    }
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
