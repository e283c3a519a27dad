import Messaging

/// The log of the demonstration: what went wrong, without the failures that it makes on purpose.
struct DemoLog: LogSink {
    private static let onPurpose: Set<String> = ["message failed", "message dead-lettered"]
    private let sink: any LogSink

    init(_ sink: any LogSink) { self.sink = sink }

    func log(_ record: LogRecord) {
        if !Self.onPurpose.contains(record.message) { sink.log(record) }
    }
}
