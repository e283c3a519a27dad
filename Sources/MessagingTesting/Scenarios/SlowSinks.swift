import Messaging
import MessagingHub
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Scenario 73: who looks at a hub does not slow it down.
enum SlowSinks {
    static let all: [Scenario] = [
        Scenario(
            73,
            """
            A sink that sleeps 100 ms a call delays 1,000 publishes and settlements by less than 50 ms in all (a bounded \
            queue stands between); what it could not take is counted.
            """,
            why: "A log server that hangs would bring down the service that logs, or loses what nobody misses.",
            .queue, .stream, level: .hub, body: delayNobody)
    ]

    private static let count = 1000
    private static let limit = Duration.milliseconds(50)
    private static let rounds = 5

    /// Other work on the machine only adds to a time, so the shortest of a few counts; what those with a quick sink differ
    /// by is no delay.
    private static func isFast(_ slow: [Duration], besides fast: [Duration]) -> Bool {
        guard let least = slow.min(), let usual = fast.min(), let most = fast.max() else { return false }
        return least - usual < limit + (most - usual)
    }

    private static func text(_ times: [Duration]) -> String { times.map(\.inMilliseconds).joined(separator: ", ") }

    static func delayNobody(_ context: ScenarioContext) async throws {
        let (place, sinks) = (context.nowhere(), SleepySinks())
        let handler = context.handler()
        let hub = try await context.withHub(at: place, watchedBy: sinks.watch) { hub in
            let run = SinkRun(context: context, hub: hub, topic: place.destination.topic, sinks: sinks)
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            defer { sinks.areSlow = false }
            // The first ones are slower than all others.
            let first = try await run.publish(count, within: context.patience * 4)
            var (fast, slow): ([Duration], [Duration]) = ([], [])
            while true {
                sinks.areSlow = false
                fast.append(try await run.publish(count, within: context.patience * 4))
                sinks.areSlow = true
                slow.append(try await run.publish(count, within: first * 4 + .seconds(4)))
                if isFast(slow, besides: fast) { break }
                try context.require(
                    fast.count < rounds,
                    """
                    a sink of 100 ms a call delayed \(count) publishes and settlements: they took \(text(slow)), with a \
                    quick sink \(text(fast))
                    """)
            }
            return hub
        }
        try requireNothingIsMissing(context, sinks, hub.metrics(), runs: handler.handled.count)
    }

    /// All that was made for a sink was taken, or is counted as lost.
    private static func requireNothingIsMissing(
        _ context: ScenarioContext, _ sinks: SleepySinks, _ metrics: HubMetrics, runs: Int
    ) throws {
        let taken = sinks.taken
        let both = metrics.published + runs
        for (what, made, taken, lost) in [
            ("spans", both, taken.spans, metrics.spansLost),
            ("measurements", both, taken.measurements, metrics.measurementsLost),
            ("audit records", both + runs, taken.auditRecords, metrics.auditRecordsLost),
            ("lost log records", metrics.logsLost, taken.reportedLosses, 0),
        ] {
            try context.require(
                made == taken + lost, "\(made) \(what) were made, but \(taken) taken and \(lost) counted as lost")
        }
        try context.require(
            metrics.spansLost > 0 && metrics.logsLost > 0, "sinks of 100 ms a call took whatever there was")
        try context.require(
            taken.sent == metrics.published,
            "a counter of \(metrics.published) messages was given to its sink as \(taken.sent)")
    }
}

/// A hub with sinks, and messages that go through it.
private struct SinkRun: Sendable {
    let context: ScenarioContext
    let hub: MessageHub
    let topic: Topic
    let sinks: SleepySinks
    /// Whether this task publishes.
    @TaskLocal static var isPublishing = false

    /// Publishes so many, one by one, and returns once all are settled; what that took.
    func publish(_ count: Int, within limit: Duration) async throws -> Duration {
        let (time, settled) = (context.time, hub.metrics().handled)
        let start = time.uptime
        func requireTime(_ done: Int, _ what: String) throws {
            let taken = time.uptime - start
            try context.require(
                taken < limit,
                """
                a sink of \(sinks.areSlow ? "100" : "0") ms a call delayed \(count) publishes and settlements: \
                only \(done) were \(what) after \(taken.inMilliseconds)
                """)
        }
        for (index, message) in context.messages(count).enumerated() {
            try await Self.$isPublishing.withValue(true) { _ = try await hub.publish(message, to: topic) }
            try requireTime(index, "published")
            let calls = sinks.callsByPublishers
            try context.require(
                calls == 0,
                "a sink of 100 ms a call delayed \(count) publishes and settlements: publishing called it \(calls) times"
            )
        }
        while hub.metrics().handled - settled < count {
            try await time.sleep(for: .milliseconds(1))
            try requireTime(hub.metrics().handled - settled, "settled")
        }
        return time.uptime - start
    }
}

/// Sinks of every kind that can be told to block their thread for 100 ms with each call.
private final class SleepySinks: LogSink, MetricsSink, TraceSink, AuditSink {
    struct Taken: Sendable {
        var spans = 0
        var measurements = 0
        var auditRecords = 0
        var sent = 0
        var reportedLosses = 0
    }

    private struct Counting: Instrument {
        let sinks: SleepySinks
        let description: InstrumentDescription

        func record(_ value: Double) {
            sinks.sleep()
            switch description.kind {
            case .histogram: sinks.kept.withLock { $0.measurements += 1 }
            case .counter where description.name == "PublishSuccesses": sinks.kept.withLock { $0.sent += Int(value) }
            default: break
            }
        }
    }

    private let slow = Atomic<Bool>(false)
    private let inLine = Atomic<Int>(0)
    private let kept = Lock(Taken())

    var callsByPublishers: Int { inLine.load(ordering: .relaxed) }

    var taken: Taken { kept.withLock { $0 } }
    var areSlow: Bool {
        get { slow.load(ordering: .relaxed) }
        set { slow.store(newValue, ordering: .relaxed) }
    }

    /// Has an environment report everything to these, by queues that are soon full.
    func watch(_ environment: inout HubEnvironment) {
        environment.log = self
        environment.logLevel = .debug
        environment.metrics = self
        environment.trace = self
        environment.audit = self
        environment.sinks.capacity = 256
    }

    /// One that is called by who publishes says so, and does not sleep: it would keep everybody's threads.
    private func sleep() {
        if SinkRun.isPublishing {
            inLine.add(1, ordering: .relaxed)
        } else if areSlow {
            // A sink's method is no async one: a slow one blocks. The hub calls it on a dispatch queue of the sink's own.
            usleep(100_000)
        }
    }

    func log(_ record: LogRecord) {
        sleep()
        guard record.message == "log records were dropped" else { return }
        let count = record["count"].flatMap(Int.init) ?? 0
        kept.withLock { $0.reportedLosses += count }
    }

    func instrument(_ description: InstrumentDescription) -> any Instrument {
        sleep()
        return Counting(sinks: self, description: description)
    }

    func span(_ record: SpanRecord) {
        sleep()
        kept.withLock { $0.spans += 1 }
    }

    func audit(_ record: AuditRecord) {
        sleep()
        kept.withLock { $0.auditRecords += 1 }
    }
}
