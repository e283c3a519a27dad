import Messaging

/// What the reading of a file has left for its check to know: which values may not be shown, which could not be read, so
/// that nothing is to be concluded from them, and where they stand. Empty for a configuration that was built in code.
struct ReadValues: Sendable {
    /// The file.
    var file: String?
    /// Where its values stand in it.
    var marks: [ConfigurationPath: YAMLMark] = [:]
    /// What stands for a value that may not be shown: `the value of ${PORT}`.
    var hidden: [ConfigurationPath: String] = [:]
    /// The places of which something has been said already.
    var said: Set<ConfigurationPath> = []

    /// Where the brokers stand that are given by a URL in place of a name.
    var places: [BrokerName: ConfigurationPath] = [:]

    /// Where a broker stands.
    func place(of broker: BrokerName) -> ConfigurationPath {
        places[broker] ?? ConfigurationPath("brokers", broker.name)
    }

    /// What stands for a broker's name that may not be shown; nil where it may, as that of a URL, which has no secrets.
    func hidden(_ broker: BrokerName, at path: ConfigurationPath) -> String? {
        places[broker] == nil ? hidden[path] : nil
    }

    /// A value as messages may show it.
    func shown(_ text: String, at path: ConfigurationPath) -> String { hidden[path] ?? text }

    /// What is to be said of a value, where it stands in the file, or the nearest above it.
    func finding(at path: ConfigurationPath, _ sentence: String) -> ConfigurationProblem {
        let mark = marks.nearest(to: path)
        return ConfigurationProblem(file: file, line: mark?.line, column: mark?.column, at: path, sentence)
    }

    /// Whether nothing has been said of any of these values.
    func areGood(_ paths: ConfigurationPath...) -> Bool { !paths.contains { said.contains($0) } }

    /// Whether nothing has been said of any value of this mapping.
    func isGood(within path: ConfigurationPath) -> Bool { !said.contains { $0.parent == path } }
}

extension [ConfigurationPath: YAMLMark] {
    /// Where a value stands, or the nearest above it.
    func nearest(to path: ConfigurationPath) -> YAMLMark? {
        var nearest: ConfigurationPath? = path
        while let path = nearest {
            if let mark = self[path] { return mark }
            nearest = path.parent
        }
        return nil
    }
}
