import Messaging

/// What a hub logs to: the sink, behind a bounded queue, for records that are grave enough.
final class BufferedLog: LogSink {
    /// How many records wait at most, where nothing else is said.
    static let capacity = SinkSettings().capacity
    /// The least grave records that are taken.
    let level: LogRecord.Level
    /// The same, for messages of these types.
    let levelByType: [String: LogRecord.Level]
    /// Whether there is a sink at all.
    let isOn: Bool
    private let queue: SinkQueue<LogRecord>

    init(
        _ sink: any LogSink, level: LogRecord.Level, byType levelByType: [String: LogRecord.Level] = [:],
        _ settings: SinkSettings = SinkSettings()
    ) {
        self.level = level
        self.levelByType = levelByType
        isOn = !(sink is NoLog)
        queue = SinkQueue(
            settings,
            report: { sink.log(LogRecord(.warning, "log records were dropped", [("count", String($0))])) },
            deliver: { sink.log($0) })
    }

    /// How many records were dropped.
    var lostCount: Int { queue.lostCount }

    /// The least grave level that is taken of any message.
    var lowestLevel: LogRecord.Level { levelByType.values.reduce(level, min) }

    /// Whether records of this level are taken: to be asked before one is made.
    func takes(_ level: LogRecord.Level) -> Bool { isOn && level >= self.level }

    /// Whether they are of a message of this type.
    func takes(_ level: LogRecord.Level, ofType type: String) -> Bool {
        if levelByType.isEmpty { return takes(level) }
        return isOn && level >= levelByType[type] ?? self.level
    }

    func log(_ record: LogRecord) { if takes(record.level) { queue.put(record) } }

    /// Logs a record of a message of this type.
    func log(_ record: LogRecord, ofType type: String) { if takes(record.level, ofType: type) { queue.put(record) } }

    /// Hands the records to the sink until `end` fires, and then what is left.
    func drain(until end: Signal) async { if isOn { await queue.drain(until: end) } }

    /// Wakes `drain`, so that it sees its end.
    func wake() { queue.wake() }
}
