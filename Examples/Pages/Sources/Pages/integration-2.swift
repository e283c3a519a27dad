import Logging
import Messaging

struct SwiftLogSink: LogSink {
    let logger: Logger

    func log(_ record: LogRecord) {
        let metadata = record.keys.map { ($0.name, Logger.MetadataValue.string($0.value)) }
        logger.log(
            level: Logger.Level(rawValue: record.level.word) ?? .info, "\(record.message)",
            metadata: Logger.Metadata(metadata) { $1 })
    }
}
