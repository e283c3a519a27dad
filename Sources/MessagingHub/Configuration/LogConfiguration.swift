public import Messaging

/// What is logged, and how.
public struct LogConfiguration: Hashable, Sendable {
    /// How a record is written.
    public enum Format: String, Hashable, Sendable, CaseIterable {
        /// A line for people.
        case text
        /// A line of JSON.
        case json
    }

    /// Nothing less grave is logged. Default: info.
    public var level: LogRecord.Level
    /// How a record is written. Default: as text.
    public var format: Format

    /// Logging of this level and format.
    public init(level: LogRecord.Level = .info, format: Format = .text) {
        self.level = level
        self.format = format
    }
}

extension LogConfiguration.Format: OptionValue {}

extension LogConfiguration {
    /// What writes to standard error so.
    public var sink: any LogSink {
        switch format {
        case .text: TextLogSink(level: level)
        case .json: JSONLogSink(level: level)
        }
    }
}
