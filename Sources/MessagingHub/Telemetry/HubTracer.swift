import Messaging

/// The spans of one destination: of each publish, and of each run of a handler.
struct HubTracer: Sendable {
    let sink: any TraceSink
    let destination: String
    /// What all of its spans say.
    let facts: [(name: String, value: String)]
    let processSpans: ProcessSpans
    let time: any TimeSource

    // MARK: Publishing

    /// A publish that has begun.
    struct Publish: Sendable {
        /// The messages, each with a context where its broker can carry one.
        var messages: [Message]
        fileprivate var context: TraceContext
        fileprivate let parent = TraceContext.current
        fileprivate var links: [TraceContext] = []
        /// Which spans made messages that had no context, by the index of the message.
        fileprivate var created: [Int: TraceContext] = [:]
        fileprivate let start: Timestamp
        fileprivate let mark: Duration
    }

    /// Gives each message a context that has none: that of the publish itself where it is one message, of a span of its
    /// own where it is one of many.
    func begin(_ messages: [Message], within limits: BrokerLimits) -> Publish {
        var publish = Publish(messages: messages, context: .next(), start: time.now, mark: time.uptime)
        for (index, message) in messages.enumerated() {
            if let creation = TraceContext(message.headers) {
                publish.links.append(creation)
                continue
            }
            let context = messages.count == 1 ? publish.context : publish.context.child()
            guard let traced = message.traced(in: context, within: limits, at: publish.start) else { continue }
            publish.messages[index] = traced
            publish.created[index] = context
            if messages.count > 1 { publish.links.append(context) }
        }
        return publish
    }

    /// Reports the spans of a publish.
    func end(_ publish: Publish, _ failure: PublishFailure?) {
        let end = publish.start + (time.uptime - publish.mark)
        let isSingle = publish.messages.count == 1
        if !isSingle {
            for (index, context) in publish.created.sorted(by: { $0.key < $1.key }) {
                let attributes = attributes("create", "create", publish.messages[index])
                sink.span(
                    SpanRecord(
                        "create \(destination)", .producer, in: context, under: publish.context, start: publish.start,
                        end: publish.start, attributes: attributes))
            }
        }
        var attributes = attributes("publish", "send", isSingle ? publish.messages.first : nil)
        if !isSingle { attributes[TelemetryNames.batchCount] = String(publish.messages.count) }
        let error = failure?.outcomes.min { $0.key < $1.key }?.value.error
        if let error { attributes[TelemetryNames.errorType] = error.code.name }
        let isCreation = isSingle && !publish.created.isEmpty
        sink.span(
            SpanRecord(
                "publish \(destination)", isCreation ? .producer : .client, in: publish.context, under: publish.parent,
                links: publish.links, start: publish.start, end: end, attributes: attributes, error: error?.sentence))
    }

    // MARK: Consuming

    /// Runs a handler within a span of its own; what it publishes, and sends on, continues its trace.
    func process(
        _ delivery: Delivery, limits: @Sendable (Topic) -> BrokerLimits?,
        _ handler: @Sendable () async throws -> [ForwardedMessage]
    ) async throws -> [ForwardedMessage] {
        let creation = TraceContext(delivery.message.headers)
        let baggage = TraceContext.baggage(in: delivery.message.headers)
        let isParented = processSpans == .parented && creation != nil
        let context = isParented ? creation?.child() ?? .root() : .root(baggage: baggage)
        let (start, mark) = (time.now, time.uptime)
        var (attributes, sentence): ([String: String], String?) = (
            attributes("process", "process", delivery.message), nil
        )
        attributes[TelemetryNames.attempt] = String(delivery.attempt)
        defer {
            sink.span(
                SpanRecord(
                    "process \(destination)", .consumer, in: context, under: isParented ? creation : nil,
                    links: creation.map { [$0] } ?? [], start: start, end: start + (time.uptime - mark),
                    attributes: attributes, error: sentence))
        }
        do {
            let forwarded = try await TraceContext.$running.withValue(context) { try await handler() }
            return forwarded.map { sent($0, within: context, limits($0.topic)) }
        } catch {
            attributes[TelemetryNames.errorType] = Self.type(of: error)
            sentence = error is CancellationError ? "cancelled" : String(describing: error)
            throw error
        }
    }

    /// What a handler sends on is made by it.
    private func sent(
        _ forwarded: ForwardedMessage, within context: TraceContext, _ limits: BrokerLimits?
    ) -> ForwardedMessage {
        let (now, created) = (time.now, context.child())
        guard let limits, TraceContext(forwarded.message.headers) == nil,
            let traced = forwarded.message.traced(in: created, within: limits, at: now)
        else { return forwarded }
        var attributes = attributes("create", "create", forwarded.message)
        attributes[TelemetryNames.destination] = forwarded.topic.name
        sink.span(
            SpanRecord(
                "create \(forwarded.topic.name)", .producer, in: created, under: context, start: now, end: now,
                attributes: attributes))
        var result = forwarded
        result.message = traced
        return result
    }

    private static func type(of error: any Error) -> String {
        switch error {
        case let error as BrokerError: error.code.name
        case let error as PublishFailure: error.first.code.name
        default: String(reflecting: Swift.type(of: error))
        }
    }

    private func attributes(_ operation: String, _ type: String, _ message: Message?) -> [String: String] {
        var attributes = Dictionary(facts.map { ($0.name, $0.value) }) { $1 }
        attributes[TelemetryNames.operation] = operation
        attributes[TelemetryNames.operationType] = type
        guard let message else { return attributes }
        attributes[TelemetryNames.messageID] = message.id.description
        attributes[TelemetryNames.bodySize] = String(message.body.count)
        if let correlation = message.correlationID { attributes[TelemetryNames.conversation] = correlation }
        return attributes
    }
}

extension Message {
    /// With this context; nil where its broker would refuse it for that alone: what would succeed without must not fail.
    fileprivate func traced(in context: TraceContext, within limits: BrokerLimits, at now: Timestamp) -> Message? {
        var traced = self
        traced.headers = context.injected(into: headers)
        return limits.refusal(of: traced, at: now) == nil || limits.refusal(of: self, at: now) != nil ? traced : nil
    }
}

extension TraceContext {
    /// A span of the trace that goes on here, or of a new one.
    fileprivate static func next() -> TraceContext { current?.child() ?? .root() }
}

extension Publisher {
    /// Publishes within a span.
    func publish(
        _ messages: [Message], _ options: PublishOptions, tracedBy tracer: HubTracer
    ) async throws(PublishFailure) -> PublishReceipt {
        let publish = tracer.begin(messages, within: broker.limits)
        do throws(PublishFailure) {
            let receipt = try await send(publish.messages, options)
            tracer.end(publish, nil)
            return receipt
        } catch {
            tracer.end(publish, error)
            throw error
        }
    }
}

extension DeliveryRunner.Handler {
    /// The same, each run within a span.
    func traced(by tracer: HubTracer, limits: @escaping @Sendable (Topic) -> BrokerLimits?) -> Self {
        switch self {
        case .plain(let handle):
            return .plain { delivery in
                _ = try await tracer.process(delivery, limits: limits) { () async throws -> [ForwardedMessage] in
                    try await handle(delivery)
                    return []
                }
            }
        case .forwarding(let handle):
            return .forwarding { delivery in
                try await tracer.process(delivery, limits: limits) { try await handle(delivery) }
            }
        }
    }
}
