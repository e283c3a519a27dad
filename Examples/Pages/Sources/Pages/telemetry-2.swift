import Messaging

struct AuditFile: AuditSink {
    let write: @Sendable (String) -> Void

    func audit(_ record: AuditRecord) {
        let attempt = record.attempt.map { " attempt \($0)" } ?? ""
        write("audit: \(record.actor) \(record.action) \(record.topic)\(attempt)")
    }
}
