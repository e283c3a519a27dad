#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a command writes: results to standard output, everything else to standard error.
struct Console: Sendable {
    /// Writes a text and the end of a line to standard output.
    let write: @Sendable (String) -> Void
    /// The same to standard error.
    let writeError: @Sendable (String) -> Void
    /// How standard output is to look.
    let style: TextStyle
    /// How standard error is to look.
    let errorStyle: TextStyle
    /// The environment variables.
    let environment: [String: String]
    /// Replaces the last line of standard error, where that is a terminal; an empty text removes it.
    var progress: (@Sendable (String) -> Void)?
    /// Whether Ctrl-C and SIGTERM are this process's own to answer.
    var answersSignals = false

    /// The process's own streams. Ends the process with status 1 where standard output takes no more.
    static func process(_ environment: [String: String]) -> Console {
        var console = Console(
            write: { text in
                if Self.write(text + "\n", to: 1) { return }
                Self.write("hub: standard output cannot be written to; not everything is there\n", to: 2)
                exit(ExitStatus.failure.rawValue)
            }, writeError: { text in Self.write(text + "\n", to: 2) },
            style: TextStyle(isTerminal: isatty(1) == 1, environment: environment),
            errorStyle: TextStyle(isTerminal: isatty(2) == 1, environment: environment), environment: environment)
        if isatty(2) == 1, environment["TERM"] != "dumb" {
            console.progress = { text in Self.write("\r\u{1B}[K\(text)", to: 2) }
        }
        console.answersSignals = true
        return console
    }

    /// Writes all of it; false when the descriptor takes no more.
    @discardableResult private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { unsafe -> Int in
                #if canImport(Glibc)
                    Glibc.write(descriptor, unsafe.baseAddress, unsafe.count)
                #elseif canImport(Musl)
                    Musl.write(descriptor, unsafe.baseAddress, unsafe.count)
                #else
                    Darwin.write(descriptor, unsafe.baseAddress, unsafe.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
