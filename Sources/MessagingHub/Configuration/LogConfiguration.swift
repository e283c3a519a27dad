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
    /// The same, for messages of these types. Default: for none.
    public var levelByType: [String: LogRecord.Level]
    /// How a record is written. Default: as text.
    public var format: Format

    /// Logging of this level and format.
    public init(
        level: LogRecord.Level = .info, format: Format = .text, levelByType: [String: LogRecord.Level] = [:]
    ) {
        self.level = level
        self.levelByType = levelByType
        self.format = format
    }
}

extension LogConfiguration.Format: OptionValue {}

extension LogConfiguration {
    /// What writes to standard error so.
    public var sink: any LogSink {
        let lowest = levelByType.values.reduce(level, min)
        return switch format {
        case .text: TextLogSink(level: lowest)
        case .json: JSONLogSink(level: lowest)
        }
    }
}
