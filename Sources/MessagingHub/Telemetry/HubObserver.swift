import Messaging
import MessagingReliability

/// The outermost stage of both pipelines, for one destination: logs, measures and traces. What is not asked for is
/// found out once, here, and costs nothing later.
final class HubObserver: Sendable {
    let log: BufferedLog
    private let trace: (any TraceSink)?
    private let metrics: (any MetricsSink)?
    /// Where a test hub looks in.
    let probe: (probe: any HubProbe, source: HubProbeSource)?
    private let time: any TimeSource
    private let facts: [(name: String, value: String)]
    private let topic: String
    private let instruments: Instruments?
    /// Whether messages that go well are looked at, too.
    let watchesSuccess: Bool
    private let logsSuccess: Bool

    private struct Instruments: Sendable {
        let sent, consumed, failed, retried, deadLettered: any Instrument
        let publishDuration, processDuration: any Instrument
    }

    init(
        of label: String, kind: DestinationKind, on broker: any MessageBroker, group: GroupName?,
        environment: HubEnvironment, log: BufferedLog
    ) {
        self.log = log
        trace = environment.trace
        metrics = environment.metrics
        probe = environment.door.map { door in
            let source = HubProbeSource(
                label: label, kind: kind, broker: broker.name, group: group, number: door.probe.nextNumber())
            return (door.probe, source)
        }
        time = environment.time
        topic = label
        var labels = [
            "messaging.system": broker.type.name, "messaging.destination.name": label,
            "messaging.destination.kind": kind.rawValue, "hub.broker": broker.name.name,
        ]
        if let group { labels["messaging.consumer.group.name"] = group.name }
        facts = labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        instruments = environment.metrics.map { Self.instruments($0, labels) }
        logsSuccess = log.takes(.debug)
        watchesSuccess = logsSuccess || instruments != nil || trace != nil
    }

    private static func instruments(_ sink: any MetricsSink, _ labels: [String: String]) -> Instruments {
        func counter(_ name: String) -> any Instrument {
            sink.instrument(InstrumentDescription(.counter, name, unit: "{message}", labels: labels))
        }
        func histogram(_ name: String) -> any Instrument {
            sink.instrument(InstrumentDescription(.histogram, name, unit: "s", labels: labels))
        }
        return Instruments(
            sent: counter("messaging.client.sent.messages"), consumed: counter("messaging.client.consumed.messages"),
            failed: counter("hub.failed.messages"), retried: counter("hub.retried.messages"),
            deadLettered: counter("hub.dead_lettered.messages"),
            publishDuration: histogram("messaging.client.operation.duration"),
            processDuration: histogram("messaging.process.duration"))
    }

    /// A gauge of this destination; nil where nobody measures.
    func gauge(_ name: String, unit: String) -> (any Instrument)? {
        let labels = Dictionary(facts.map { ($0.name, $0.value) }) { first, _ in first }
        return metrics?.instrument(InstrumentDescription(.gauge, name, unit: unit, labels: labels))
    }

    // MARK: Publishing

    /// Messages were published, or not.
    func published(_ messages: [Message], failure: PublishFailure?, since start: Duration) {
        let taken = time.uptime - start
        instruments?.publishDuration.record(taken.inSeconds)
        instruments?.sent.record(Double(messages.count - (failure?.outcomes.count ?? 0)))
        for (index, message) in messages.enumerated() {
            let error = failure?.outcomes[index]?.error
            if let error {
                write(
                    .error, "message not published", message,
                    [("error.type", error.code.name), ("error", error.sentence)])
            } else if logsSuccess {
                write(.debug, "message published", message, [("duration_s", taken.text)])
            }
            span("publish", message, taken, error?.sentence)
        }
    }

    // MARK: Consuming

    /// A delivery was received, and a run of it begins.
    func received(_ delivery: Delivery) {
        instruments?.consumed.record(1)
        if logsSuccess {
            write(.debug, "message received", delivery.message, [("hub.attempt", String(delivery.attempt))])
        }
    }

    /// Its handler returned.
    func handled(_ delivery: Delivery, taken: Duration) {
        instruments?.processDuration.record(taken.inSeconds)
        if logsSuccess { write(.debug, "message accepted", delivery.message, [("duration_s", taken.text)]) }
        span("process", delivery.message, taken, nil)
    }

    /// A run of it failed, and this is what becomes of it.
    func failed(_ delivery: Delivery, _ failure: Failure, _ decision: RunDecision, taken: Duration) {
        instruments?.processDuration.record(taken.inSeconds)
        instruments?.failed.record(1)
        if let probe { probe.probe.failed(delivery, of: probe.source, failure, decision) }
        let isRetried = decision.isRetry
        if isRetried { instruments?.retried.record(1) }
        write(
            isRetried ? .warning : .error, "message failed", delivery.message,
            [
                ("hub.attempt", String(delivery.attempt)), ("error", failure.sentence), ("hub.decision", decision.text),
                ("duration_s", taken.text),
            ])
        span("process", delivery.message, taken, failure.sentence)
    }

    /// Its dead letter is where it belongs.
    func deadLettered(_ delivery: Delivery, _ reason: DeadLetter.Reason, to destination: String) {
        instruments?.deadLettered.record(1)
        if let probe { probe.probe.deadLettered(delivery, of: probe.source, reason) }
        write(
            .warning, "message dead-lettered", delivery.message,
            [("hub.reason", reason.rawValue), ("hub.dead_letter.destination", destination)])
    }

    /// A settlement of it was not written.
    func notSettled(_ receipt: Receipt, _ error: BrokerError?) {
        guard log.takes(error == nil ? .warning : .error) else { return }
        let keys = facts + [("hub.receipt", String(receipt.sequence))]
        if let error {
            log.log(LogRecord(.error, "settlement failed", keys + [("error", error.description)], at: time.now))
        } else {
            log.log(LogRecord(.warning, "settlement came too late", keys, at: time.now))
        }
    }

    /// Something happened to the subscription itself.
    func state(_ level: LogRecord.Level, _ message: String, _ keys: [(name: String, value: String)] = []) {
        if log.takes(level) { log.log(LogRecord(level, message, facts + keys, at: time.now)) }
    }

    private func write(
        _ level: LogRecord.Level, _ text: String, _ message: Message, _ keys: [(name: String, value: String)]
    ) {
        guard log.takes(level) else { return }
        var all = [(name: "messaging.message.id", value: message.id.description)] + facts
        if let correlation = message.correlationID {
            all.append(("messaging.message.conversation_id", correlation))
        }
        if let parent = message.headers["traceparent"] { all.append(("traceparent", parent)) }
        log.log(LogRecord(level, text, all + keys, at: time.now))
    }

    private func span(_ operation: String, _ message: Message, _ taken: Duration, _ error: String?) {
        guard let trace else { return }
        var attributes = ["messaging.message.id": message.id.description, "messaging.operation.name": operation]
        for (name, value) in facts { attributes[name] = value }
        if let parent = message.headers["traceparent"] { attributes["traceparent"] = parent }
        let end = time.now
        trace.span(
            SpanRecord("\(operation) \(topic)", start: end - taken, end: end, attributes: attributes, error: error))
    }
}

extension Duration {
    /// In seconds.
    fileprivate var inSeconds: Double { Double(nanoseconds) / 1e9 }
    /// In seconds, to the microsecond.
    fileprivate var text: String {
        let digits = String(max(0, nanoseconds) / 1000 % 1_000_000)
        return "\(max(0, nanoseconds) / 1_000_000_000).\(String(repeating: "0", count: 6 - digits.count))\(digits)"
    }
}

extension RunDecision {
    /// Whether another run of this process, or of another one, follows.
    var isRetry: Bool {
        switch self {
        case .retry, .runAgain, .keep, .pause: true
        case .accept, .release, .deadLetter, .discard, .drop: false
        }
    }

    /// For logs.
    fileprivate var text: String {
        switch self {
        case .accept: "accept"
        case .release: "release"
        case .retry(let delay): "retry after \(delay.optionText)"
        case .runAgain(let delay): "run again after \(delay.optionText)"
        case .deadLetter(let reason): "dead-letter as \(reason.rawValue)"
        case .discard(let reason): "discard as \(reason.rawValue)"
        case .drop(let reason): "drop as \(reason.rawValue)"
        case .keep(let delay, let reason): "keep, \(reason.rawValue), retry after \(delay.optionText)"
        case .pause(let delay, let reason): "pause for \(delay.optionText), \(reason.rawValue)"
        }
    }
}
