import Messaging

@testable import hub

/// Keeps what a command writes.
final class RecordingConsole: Sendable {
    private let lines = Lock((output: [String](), errors: [String]()))

    var output: String { lines.withLock { $0.output.joined(separator: "\n") } }
    var errors: [String] { lines.withLock { $0.errors } }

    /// Runs a command line; its exit status.
    func run(_ words: String..., environment: [String: String] = [:]) async -> ExitStatus {
        let console = Console(
            write: { text in self.lines.withLock { $0.output.append(text) } },
            writeError: { text in self.lines.withLock { $0.errors.append(text) } },
            style: .plain, errorStyle: .plain, environment: environment)
        return await Hub.run(words, console)
    }
}
