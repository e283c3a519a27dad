public import Messaging

/// A log sink that keeps what it is given, for tests.
public final class LogCollector: LogSink {
    private let kept = Lock<[LogRecord]>([])
    private let capacity: Int

    /// Keeps the first `capacity` records.
    public init(capacity: Int = 100_000) { self.capacity = capacity }

    /// The records in their order.
    public var records: [LogRecord] { kept.withLock { $0 } }

    /// Keeps a record.
    public func log(_ record: LogRecord) {
        kept.withLock { if $0.count < capacity { $0.append(record) } }
    }

    /// The records with this message.
    public func records(of message: String) -> [LogRecord] { records.filter { $0.message == message } }
}

extension LogRecord {
    /// The fact of this name.
    public subscript(name: String) -> String? { keys.first { $0.name == name }?.value }
}
