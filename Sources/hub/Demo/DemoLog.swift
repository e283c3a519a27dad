import Messaging

/// The log of the demonstration: what went wrong, without the failures that it makes on purpose.
struct DemoLog: LogSink {
    private static let onPurpose: Set<String> = ["message failed", "message dead-lettered"]
    private let sink: any LogSink
    private let beforeEach: @Sendable () -> Void

    /// `beforeEach` is called before a record is written.
    init(_ sink: any LogSink, beforeEach: @escaping @Sendable () -> Void) {
        self.sink = sink
        self.beforeEach = beforeEach
    }

    func log(_ record: LogRecord) {
        if Self.onPurpose.contains(record.message) { return }
        beforeEach()
        sink.log(record)
    }
}
