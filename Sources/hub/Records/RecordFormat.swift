import Messaging

/// How messages stand in a file, or in a stream of the process.
enum RecordFormat: String, Hashable, Sendable, CaseIterable, OptionValue {
    /// A JSON object a line, with every field of a message: see `MessageRecord`.
    case ndjson
    /// A line is the body of a message.
    case lines
    /// All of it is the body of one message.
    case body

    /// The longest line, in bytes, its end not counted: room for the largest body of any broker, in base64.
    static let longestLine = 64 << 20
    /// The largest body that is read as one, in bytes.
    static let largestBody = 32 << 20
}

/// A text that is no message, and why.
struct BadRecord: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, and what would be right: a sentence that follows the name of the place.
    let sentence: String
    var description: String { sentence }
}
