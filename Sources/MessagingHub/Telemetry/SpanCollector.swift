public import Messaging

/// A trace sink that keeps what it is given, for tests.
public final class SpanCollector: TraceSink {
    private let kept = Lock<[SpanRecord]>([])

    /// A sink without spans.
    public init() {}

    /// The spans in the order in which they ended; at most 100,000.
    public var spans: [SpanRecord] { kept.withLock { $0 } }

    /// Keeps a span.
    public func span(_ record: SpanRecord) {
        kept.withLock { if $0.count < 100_000 { $0.append(record) } }
    }
}
