public import Messaging

/// An audit sink that keeps what it is given, for tests.
public final class AuditCollector: AuditSink {
    private let kept = Lock<[AuditRecord]>([])

    /// A sink without records.
    public init() {}

    /// The records in their order; at most 100,000.
    public var records: [AuditRecord] { kept.withLock { $0 } }

    /// Keeps a record.
    public func audit(_ record: AuditRecord) {
        kept.withLock { if $0.count < 100_000 { $0.append(record) } }
    }
}
