public import Messaging

/// Log lines for people, on standard error: time, level, message and the facts.
public struct TextLogSink: LogSink {
    /// The least grave records that are written. Default: info.
    public let level: LogRecord.Level

    /// A sink for records of this level and graver ones.
    public init(level: LogRecord.Level = .info) { self.level = level }

    /// Writes a line.
    public func log(_ record: LogRecord) {
        if record.level >= level { StandardStream.error.write(Self.line(of: record) + "\n") }
    }

    /// The line of a record; line breaks in it are escaped.
    static func line(of record: LogRecord) -> String {
        let facts = record.keys.map { " \($0.name)=\(isPlain($0.value) ? $0.value : JSONText.quoted($0.value))" }
        return "\(record.time) \(record.level.word) \(record.message)\(facts.joined())"
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "\"" && $0 != "=" }
    }
}
