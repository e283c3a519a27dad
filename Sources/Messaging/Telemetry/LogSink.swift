/// Where the hub logs: one line per state change. The door to any logging library; ten lines bridge to it.
public protocol LogSink: Sendable {
    /// Takes a record. Called by one thread of its own, behind a bounded queue: it may be slow, and then loses records,
    /// which are counted.
    func log(_ record: LogRecord)
}

/// One thing that happened.
public struct LogRecord: Sendable {
    /// How grave it is.
    public enum Level: Int, Hashable, Sendable, Comparable, CaseIterable {
        /// For finding faults in the hub.
        case trace
        /// For finding faults in a program.
        case debug
        /// Worth a line.
        case info
        /// Works, but somebody should look.
        case warning
        /// Does not work.
        case error

        /// The less grave first.
        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
        /// The word in a log.
        public var word: String { String(describing: self) }
    }

    /// When.
    public var time: Timestamp
    /// How grave.
    public var level: Level
    /// What, in constant words.
    public var message: String
    /// The facts, by structured keys such as `messaging.message.id`.
    public var keys: [(name: String, value: String)]

    /// A record of these parts.
    public init(
        _ level: Level, _ message: String, _ keys: [(name: String, value: String)] = [], at time: Timestamp = .now
    ) {
        self.level = level
        self.message = message
        self.keys = keys
        self.time = time
    }
}

/// A sink that takes everything and keeps nothing.
public struct NoLog: LogSink {
    /// One.
    public init() {}
    /// Does nothing.
    public func log(_ record: LogRecord) {}
}
