public import Messaging

/// Log lines for machines, on standard error: one JSON object a line, with `time`, `level`, `message` and the facts by
/// their keys.
public struct JSONLogSink: LogSink {
    /// The least grave records that are written. Default: info.
    public let level: LogRecord.Level

    /// A sink for records of this level and graver ones.
    public init(level: LogRecord.Level = .info) { self.level = level }

    /// Writes a line.
    public func log(_ record: LogRecord) {
        if record.level >= level { StandardStream.error.write(Self.line(of: record) + "\n") }
    }

    /// The line of a record.
    static func line(of record: LogRecord) -> String {
        let fixed = [("time", record.time.description), ("level", record.level.word), ("message", record.message)]
        return JSONText.object((fixed + record.keys.map { ($0.name, $0.value) }).map { ($0.0, JSONText.quoted($0.1)) })
    }
}
