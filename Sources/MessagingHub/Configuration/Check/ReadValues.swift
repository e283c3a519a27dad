/// What the reading of a file has left for its check to know: which values may not be shown, and which could not be
/// read, so that nothing is to be concluded from them. Empty for a configuration that was built in code.
struct ReadValues: Sendable {
    /// What stands for a value that may not be shown: `the value of ${PORT}`.
    var hidden: [ConfigurationPath: String] = [:]
    /// The places of which something has been said already.
    var said: Set<ConfigurationPath> = []

    /// A value as messages may show it.
    func shown(_ text: String, at path: ConfigurationPath) -> String { hidden[path] ?? text }

    /// Whether nothing has been said of any of these values.
    func areGood(_ paths: ConfigurationPath...) -> Bool { !paths.contains { said.contains($0) } }

    /// Whether nothing has been said of any value of this mapping.
    func isGood(within path: ConfigurationPath) -> Bool { !said.contains { $0.parent == path } }
}
