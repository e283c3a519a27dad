extension HeaderName {
    /// Where in which trace a message was made (W3C Trace Context).
    public static let traceparent: HeaderName = "traceparent"
    /// What tracing systems say to each other (W3C Trace Context).
    public static let tracestate: HeaderName = "tracestate"
    /// What a program sends along a trace (W3C Baggage).
    public static let baggage: HeaderName = "baggage"
}

extension TraceContext {
    /// In which a handler runs, where its hub has a trace sink; nil elsewhere. What it publishes continues this trace.
    public static var current: TraceContext? { running }

    @TaskLocal package static var running: TraceContext?

    /// The context that a message carries; nil where it carries none, more than one, or one of the wrong form.
    public init?(_ headers: Headers) {
        if headers.isEmpty { return nil }
        let parents = headers.values(of: .traceparent)
        guard parents.count == 1, let parent = parents[0].text else { return nil }
        let states = headers.values(of: .tracestate).compactMap(\.text)
        self.init(
            traceparent: parent, tracestate: states.isEmpty ? nil : states.joined(separator: ","),
            baggage: Self.baggage(in: headers))
    }

    /// The baggage that a message carries; nil where it has none, or its form is wrong.
    public static func baggage(in headers: Headers) -> String? {
        if headers.isEmpty { return nil }
        let members = headers.values(of: .baggage).compactMap(\.text)
        let text = members.joined(separator: ",")
        return !members.isEmpty && isBaggage(text) ? text : nil
    }

    /// Headers with this context in place of whatever they said of a trace; baggage that they have stays.
    public func injected(into headers: Headers) -> Headers {
        var headers = headers
        headers[.traceparent] = traceparent
        headers[.tracestate] = state
        if let baggage, headers.values(of: .baggage).isEmpty { headers[.baggage] = baggage }
        return headers
    }
}
