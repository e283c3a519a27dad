import Messaging

/// The log of a command whose progress is shown: what went wrong, without what its command makes on purpose.
struct ConsoleLog: LogSink {
    private let sink: any LogSink
    private let onPurpose: Set<String>
    private let beforeEach: @Sendable () -> Void

    /// A log that passes on all but records of these messages. `beforeEach` is called before one is written.
    init(_ sink: any LogSink, without onPurpose: Set<String> = [], beforeEach: @escaping @Sendable () -> Void) {
        self.sink = sink
        self.onPurpose = onPurpose
        self.beforeEach = beforeEach
    }

    func log(_ record: LogRecord) {
        if onPurpose.contains(record.message) { return }
        beforeEach()
        sink.log(record)
    }
}
