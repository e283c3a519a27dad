/// Where the hub reports spans: the door to any tracing library.
public protocol TraceSink: Sendable {
    /// Takes a span that has ended. Called from any thread; must not block for long.
    func span(_ record: SpanRecord)
}

/// What was done, from when to when.
public struct SpanRecord: Sendable {
    /// What was done to what: `publish orders`, `process orders`.
    public var name: String
    /// When it began.
    public var start: Timestamp
    /// When it ended.
    public var end: Timestamp
    /// The facts, by OpenTelemetry's names.
    public var attributes: [String: String]
    /// The sentence of the error that ended it.
    public var error: String?

    /// A span of these parts.
    public init(_ name: String, start: Timestamp, end: Timestamp, attributes: [String: String], error: String? = nil) {
        self.name = name
        self.start = start
        self.end = end
        self.attributes = attributes
        self.error = error
    }
}
