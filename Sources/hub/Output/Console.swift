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

    /// The process's own streams.
    static func process(_ environment: [String: String]) -> Console {
        Console(
            write: { text in Self.write(text, to: 1) }, writeError: { text in Self.write(text, to: 2) },
            style: TextStyle(isTerminal: isatty(1) == 1, environment: environment),
            errorStyle: TextStyle(isTerminal: isatty(2) == 1, environment: environment), environment: environment)
    }

    /// Writes all of it; gives up when the other end is gone.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array((text + "\n").utf8)[...]
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
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
