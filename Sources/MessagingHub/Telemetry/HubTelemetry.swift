import Messaging

/// The sinks of a hub, each behind a bounded queue of its own that a thread of its own empties.
final class HubTelemetry: Sendable {
    private struct Spans: TraceSink {
        let queue: SinkQueue<SpanRecord>
        func span(_ record: SpanRecord) { queue.put(record) }
    }

    private struct Audit: AuditSink {
        let queue: SinkQueue<AuditRecord>
        func audit(_ record: AuditRecord) { queue.put(record) }
    }

    let log: BufferedLog
    private let metrics: BufferedMetrics?
    private let spans: SinkQueue<SpanRecord>?
    private let audit: SinkQueue<AuditRecord>?
    /// One for each, in the order of the properties above.
    private let executors: [any TaskExecutor]

    init(_ environment: HubEnvironment, _ configuration: LogConfiguration) {
        let settings = environment.sinks
        let log = BufferedLog(
            environment.log ?? configuration.sink, level: environment.logLevel ?? configuration.level,
            byType: configuration.levelByType, settings)
        let report: @Sendable (LogRecord.Level, String, Int) -> Void = { level, what, count in
            log.log(LogRecord(level, "\(what) were dropped", [("count", String(count))]))
        }
        self.log = log
        metrics = environment.metrics.map { BufferedMetrics($0, settings) { report(.warning, "measurements", $0) } }
        spans = environment.trace.map { sink in
            SinkQueue(settings, report: { report(.warning, "spans", $0) }, deliver: { sink.span($0) })
        }
        audit = environment.audit.map { sink in
            SinkQueue(settings, report: { report(.error, "audit records", $0) }, deliver: { sink.audit($0) })
        }
        let shared = environment.door?.executor
        executors = ["log", "metrics", "spans", "audit"].map { shared ?? SinkExecutor($0) }
    }

    /// An environment in which the queues stand for the sinks.
    func queued(_ environment: HubEnvironment) -> HubEnvironment {
        var environment = environment
        environment.metrics = metrics
        environment.trace = spans.map(Spans.init)
        environment.audit = audit.map(Audit.init)
        return environment
    }

    /// Adds how much each sink could not take.
    func addLosses(to metrics: inout HubMetrics) {
        metrics.logsLost = log.lostCount
        metrics.measurementsLost = self.metrics?.lostCount ?? 0
        metrics.spansLost = spans?.lostCount ?? 0
        metrics.auditRecordsLost = audit?.lostCount ?? 0
    }

    /// Hands everything to the sinks until `end` fires, and then what is left; the log last, which is told of losses.
    /// `report` measures what nobody else does, and ends with `end` too.
    func run(until end: Signal, on time: any TimeSource, report: MetricsReport?) async {
        let (reportEnd, logEnd) = (Signal(), Signal())
        await withTaskGroup(of: Void.self) { group in
            if log.isOn { group.addTask(executorPreference: executors[0]) { await self.log.drain(until: logEnd) } }
            await withTaskGroup(of: Void.self) { others in
                if let metrics {
                    others.addTask(executorPreference: executors[1]) { await metrics.drain(until: reportEnd) }
                }
                if let spans {
                    others.addTask(executorPreference: executors[2]) { await spans.drain(until: end) }
                }
                if let audit {
                    others.addTask(executorPreference: executors[3]) { await audit.drain(until: end) }
                }
                if let report {
                    await report.run(until: end, on: time)
                } else {
                    await end.waitUncancelled()
                }
                reportEnd.fire()
                wake()
            }
            logEnd.fire()
            log.wake()
        }
    }

    /// Wakes who waits for something to hand over.
    func wake() {
        metrics?.wake()
        spans?.wake()
        audit?.wake()
    }
}
