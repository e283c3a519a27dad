import Messaging
import MessagingReliability

/// The outermost stage of both pipelines, for one destination: logs, measures and traces. What is not asked for is
/// found out once, here, and costs nothing later.
final class HubObserver: Sendable {
    let log: BufferedLog
    private let time: any TimeSource
    private let topic: String
    private let kind: DestinationKind
    private let broker: BrokerName
    private let type: BrokerType
    private let group: GroupName?
    /// Whether messages that go well are looked at, too.
    let watchesSuccess: Bool
    private let logsSuccess: Bool
    /// All but the log; nil where nobody asks for any of it.
    private let others: Others?

    private final class Others: Sendable {
        let tracer: HubTracer?
        let probe: (probe: any HubProbe, source: HubProbeSource)?
        let audit: (any AuditSink)?
        let actor: String
        let metrics: (any MetricsSink)?
        let instruments: Instruments?
        let facts: [(name: String, value: String)]

        init(
            tracer: HubTracer?, probe: (probe: any HubProbe, source: HubProbeSource)?, _ environment: HubEnvironment,
            _ instruments: Instruments?, facts: [(name: String, value: String)]
        ) {
            self.tracer = tracer
            self.probe = probe
            self.facts = facts
            audit = environment.audit
            actor = environment.actor
            metrics = environment.metrics
            self.instruments = instruments
        }
    }

    private struct Instruments: Sendable {
        let sent, consumed, failed, retried, deadLettered: any Instrument
        let publishDuration, processDuration: any Instrument
    }

    init(
        of label: String, kind: DestinationKind, on broker: any MessageBroker, group: GroupName?,
        environment: HubEnvironment, log: BufferedLog
    ) {
        self.log = log
        self.broker = broker.name
        type = broker.type
        self.group = group
        self.kind = kind
        time = environment.time
        topic = label
        logsSuccess = log.isOn && log.lowestLevel <= .debug
        watchesSuccess =
            logsSuccess || environment.metrics != nil || environment.trace != nil || environment.audit != nil
        if !watchesSuccess, environment.door == nil {
            others = nil
            return
        }
        let labels = TelemetryNames.labels(label, kind, on: (broker.name, broker.type), group: group)
        let facts = Self.facts(labels)
        let probe = environment.door.map { door in
            let source = HubProbeSource(
                label: label, kind: kind, broker: broker.name, group: group, number: door.probe.nextNumber())
            return (door.probe, source)
        }
        let tracer = environment.trace.map { sink in
            HubTracer(
                sink: sink, destination: label, facts: facts, processSpans: environment.processSpans,
                time: environment.time)
        }
        others = Others(
            tracer: tracer, probe: probe, environment, environment.metrics.map { Self.instruments($0, labels) },
            facts: facts)
    }

    /// The spans; nil where there is no sink for them.
    var tracer: HubTracer? { others?.tracer }
    /// Where a test hub looks in.
    var probe: (probe: any HubProbe, source: HubProbeSource)? { others?.probe }
    private var instruments: Instruments? { others?.instruments }

    /// What every record of it says: put together when one is made where few are, because most destinations never log.
    private var facts: [(name: String, value: String)] { others?.facts ?? Self.facts(labels) }
    private var labels: [String: String] { TelemetryNames.labels(topic, kind, on: (broker, type), group: group) }

    private static func facts(_ labels: [String: String]) -> [(name: String, value: String)] {
        labels.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    private static func instruments(_ sink: any MetricsSink, _ labels: [String: String]) -> Instruments {
        func counter(_ name: String) -> any Instrument {
            sink.instrument(InstrumentDescription(.counter, name, unit: "{message}", labels: labels))
        }
        func histogram(_ name: String) -> any Instrument {
            sink.instrument(InstrumentDescription(.histogram, name, unit: "s", labels: labels))
        }
        return Instruments(
            sent: counter(TelemetryNames.sent), consumed: counter(TelemetryNames.consumed),
            failed: counter(TelemetryNames.failed), retried: counter(TelemetryNames.retried),
            deadLettered: counter(TelemetryNames.deadLettered),
            publishDuration: histogram(TelemetryNames.operationDuration),
            processDuration: histogram(TelemetryNames.processDuration))
    }

    /// A gauge of this destination; nil where nobody measures.
    func gauge(_ name: String, unit: String) -> (any Instrument)? {
        others?.metrics?.instrument(InstrumentDescription(.gauge, name, unit: unit, labels: labels))
    }

    // MARK: Publishing

    /// Messages were published, or not; nil for `start`: how long it took is no matter.
    func published(_ messages: [Message], failure: PublishFailure?, since start: Duration?) {
        let taken = start.map { time.uptime - $0 }
        if let taken { instruments?.publishDuration.record(taken.inSeconds) }
        instruments?.sent.record(Double(messages.count - (failure?.outcomes.count ?? 0)))
        for (index, message) in messages.enumerated() {
            let error = failure?.outcomes[index]?.error
            note(error == nil ? .published : .notPublished, message, detail: error?.description)
            if let error {
                write(
                    .error, "message not published", message,
                    [(TelemetryNames.errorType, error.code.name), ("error", error.sentence)])
            } else if logsSuccess {
                write(.debug, "message published", message, taken.map { [("duration_s", $0.text)] } ?? [])
            }
        }
    }

    // MARK: Consuming

    /// A delivery was received, and a run of it begins.
    func received(_ delivery: Delivery) {
        instruments?.consumed.record(1)
        note(.received, delivery.message, delivery)
        if logsSuccess {
            write(.debug, "message received", delivery.message, [(TelemetryNames.attempt, String(delivery.attempt))])
        }
    }

    /// Its handler returned.
    func handled(_ delivery: Delivery, taken: Duration) {
        instruments?.processDuration.record(taken.inSeconds)
        note(.handled, delivery.message, delivery)
        if logsSuccess { write(.debug, "message accepted", delivery.message, [("duration_s", taken.text)]) }
    }

    /// A run of it failed, and this is what becomes of it.
    func failed(_ delivery: Delivery, _ failure: Failure, _ decision: RunDecision, taken: Duration) {
        instruments?.processDuration.record(taken.inSeconds)
        instruments?.failed.record(1)
        if let probe { probe.probe.failed(delivery, of: probe.source, failure, decision) }
        note(.failed, delivery.message, delivery, detail: failure.sentence)
        let isRetried = decision.isRetry
        if isRetried { instruments?.retried.record(1) }
        write(
            isRetried ? .warning : .error, "message failed", delivery.message,
            [
                (TelemetryNames.attempt, String(delivery.attempt)), ("error", failure.sentence),
                (TelemetryNames.decision, decision.text),
                ("duration_s", taken.text),
            ])
    }

    /// Its dead letter is where it belongs.
    func deadLettered(_ delivery: Delivery, _ reason: DeadLetter.Reason, to destination: String) {
        instruments?.deadLettered.record(1)
        note(.deadLettered, delivery.message, delivery, detail: reason.rawValue)
        if let probe { probe.probe.deadLettered(delivery, of: probe.source, reason) }
        write(
            .warning, "message dead-lettered", delivery.message,
            [(TelemetryNames.reason, reason.rawValue), (TelemetryNames.deadLetterDestination, destination)])
    }

    /// A settlement of it was not written.
    func notSettled(_ receipt: Receipt, _ error: BrokerError?) {
        guard log.takes(error == nil ? .warning : .error) else { return }
        let keys = facts + [(TelemetryNames.receipt, String(receipt.sequence))]
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
        guard log.takes(level, ofType: message.type) else { return }
        var all = [(name: TelemetryNames.messageID, value: message.id.description)] + facts
        if !message.type.isEmpty { all.append((TelemetryNames.messageType, message.type)) }
        if let correlation = message.correlationID { all.append((TelemetryNames.conversation, correlation)) }
        if let context = TraceContext(message.headers) {
            all.append((HeaderName.traceparent.text, context.traceparent))
        }
        log.log(LogRecord(level, text, all + keys, at: time.now), ofType: message.type)
    }

    private func note(
        _ action: AuditRecord.Action, _ message: Message, _ delivery: Delivery? = nil,
        detail: @autoclosure () -> String? = nil
    ) {
        guard let others, let audit = others.audit else { return }
        audit.audit(
            AuditRecord(
                action, by: others.actor, message, topic: delivery?.topic?.name ?? topic, on: broker, group: group,
                attempt: delivery.map { Int($0.attempt) }, detail: detail(), at: time.now))
    }
}

extension Duration {
    /// In seconds.
    fileprivate var inSeconds: Double { Double(nanoseconds) / 1e9 }
    /// In seconds, to the microsecond.
    var text: String {
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
