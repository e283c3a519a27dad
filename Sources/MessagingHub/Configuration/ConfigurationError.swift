import Messaging

/// Everything that is wrong in a configuration, in the order of the file.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; at least one.
    public let problems: [ConfigurationProblem]

    /// An error of these problems.
    public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    /// One problem a line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// One thing that is wrong in a configuration: where it is, and what would be right.
///
/// The value of a secret option, and a value that came from a variable, is never in its text.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// The file; nil where the configuration was built in code.
    public var file: String?
    /// The line in the file, from 1; nil where there is none.
    public var line: Int?
    /// The column in the line, from 1; nil where there is none.
    public var column: Int?
    /// Which value it is about; empty: the file as a whole.
    public var path: ConfigurationPath
    /// What is wrong, and what would be right.
    public var sentence: String

    /// A problem.
    public init(
        file: String? = nil, line: Int? = nil, column: Int? = nil, at path: ConfigurationPath, _ sentence: String
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.sentence = sentence
    }

    /// `configs/x.yaml:12:5: routes.orders.retry.attempts: "-1" is not allowed; give integer, 1 to 1000`.
    public var description: String {
        let isPlain = !(file?.unicodeScalars.contains { $0.isInvisible } ?? false)
        let file = isPlain ? file : file?.quoted
        let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
        return [place, path.description, sentence].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
