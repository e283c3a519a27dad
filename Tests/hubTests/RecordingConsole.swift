import Messaging

@testable import hub

/// Keeps what a command writes.
final class RecordingConsole: Sendable {
    private let lines = Lock((output: [String](), errors: [String]()))

    var output: String { lines.withLock { $0.output.joined(separator: "\n") } }
    /// What was written, in words with one blank between: for texts that are wrapped.
    var words: String { output.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    var errors: [String] { lines.withLock { $0.errors } }

    /// Runs a command line; its exit status.
    func run(_ words: String..., environment: [String: String] = [:]) async -> ExitStatus {
        await run(words, environment: environment)
    }

    /// Runs a command line; its exit status.
    func run(_ words: [String], environment: [String: String] = [:]) async -> ExitStatus {
        await Hub.run(words, console(environment))
    }

    /// A console that is written down here.
    func console(_ environment: [String: String] = [:]) -> Console {
        Console(
            write: { text in self.lines.withLock { $0.output.append(text) } },
            writeError: { text in self.lines.withLock { $0.errors.append(text) } },
            style: .plain, errorStyle: .plain, environment: environment)
    }
}
