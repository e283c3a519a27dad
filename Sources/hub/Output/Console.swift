import Dispatch
import Messaging
import MessagingHub

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a command writes: results to standard output, everything else to standard error.
struct Console: Sendable {
    /// Writes a text and the end of a line to standard output. It may wait for whoever reads there: beside other work,
    /// `print` is to be used.
    let write: @Sendable (String) -> Void
    /// The same to standard error.
    let writeError: @Sendable (String) -> Void
    /// How standard output is to look.
    let style: TextStyle
    /// How standard error is to look.
    let errorStyle: TextStyle
    /// The environment variables.
    let environment: [String: String]
    /// The last line of standard error, where that is a terminal.
    var progress: ProgressLine?
    /// Whether Ctrl-C and SIGTERM are this process's own to answer.
    var answersSignals = false

    /// Where `print` waits for readers.
    private static let writing = DispatchQueue(label: "hub.console")

    /// Writes a text and the end of a line to standard output, on a thread of its own, and returns once it is written. Throws
    /// `CancellationError` when the task is cancelled before: somebody who does not read holds up no end.
    func print(_ text: String) async throws {
        let done = Waiter<Void>()
        Self.writing.async { [write] in
            write(text)
            done.resolve(())
        }
        if case .cancelled = await done.wait() { throw CancellationError() }
    }

    /// The process's own streams. Ends the process where standard output takes no more: quietly, as SIGPIPE would, where
    /// nobody reads it any longer, else with status 1.
    static func process(_ environment: [String: String]) -> Console {
        var console = Console(
            write: { text in
                guard let code = StandardStream.output.write(text + "\n") else { return }
                if code == EPIPE { exit(ExitStatus.unread.rawValue) }
                let why = String(cString: strerror(code))
                StandardStream.error.write("hub: standard output cannot be written to: \(why); the output is cut off\n")
                exit(ExitStatus.failure.rawValue)
            }, writeError: { text in StandardStream.error.write(text + "\n") },
            style: TextStyle(isTerminal: isatty(1) == 1, environment: environment),
            errorStyle: TextStyle(isTerminal: isatty(2) == 1, environment: environment), environment: environment)
        if isatty(2) == 1, environment["TERM"] != "dumb" {
            console.progress = ProgressLine { text in StandardStream.error.write(text) }
        }
        console.answersSignals = true
        return console
    }
}
