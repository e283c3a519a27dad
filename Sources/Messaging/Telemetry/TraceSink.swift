/// Where the hub reports spans: the door to any tracing library.
public protocol TraceSink: Sendable {
    /// Takes a span that has ended. Called by one thread of its own, behind a bounded queue: it may be slow, and then
    /// loses spans, which are counted.
    func span(_ record: SpanRecord)
}

/// What was done, from when to when.
public struct SpanRecord: Sendable {
    /// Which side of an exchange a span is, in OpenTelemetry's words.
    public enum Kind: String, Hashable, Sendable {
        /// It asks a broker for something.
        case client
        /// It makes what somebody else works on later.
        case producer
        /// It works on what somebody else has made.
        case consumer
        /// Neither.
        case `internal`
    }

    /// What was done to what: `publish orders`, `process orders`.
    public var name: String
    /// Which side of an exchange it is.
    public var kind: Kind
    /// The span itself: its id, and the trace that it is part of.
    public var context: TraceContext
    /// The span within which it was done; nil where it is the first of its trace.
    public var parent: TraceContext?
    /// Spans of other traces that it goes back to: where its messages were made.
    public var links: [TraceContext]
    /// When it began.
    public var start: Timestamp
    /// When it ended.
    public var end: Timestamp
    /// The facts, by OpenTelemetry's names.
    public var attributes: [String: String]
    /// The sentence of the error that ended it.
    public var error: String?

    /// A span of these parts.
    public init(
        _ name: String, _ kind: Kind = .internal, in context: TraceContext = .root(), under parent: TraceContext? = nil,
        links: [TraceContext] = [], start: Timestamp, end: Timestamp, attributes: [String: String],
        error: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        self.links = links
        self.start = start
        self.end = end
        self.attributes = attributes
        self.error = error
    }
}
