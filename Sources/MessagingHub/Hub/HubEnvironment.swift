public import Messaging

/// What a hub gets from the program that makes it.
public struct HubEnvironment: Sendable {
    /// Its clock. Default: the machine's.
    public var time: any TimeSource
    /// Where it logs; behind a bounded queue, so that a slow sink delays nobody. Default: on standard error, in the
    /// format of the configuration. `NoLog()` logs nowhere.
    public var log: (any LogSink)?
    /// The least grave records that it makes. At `debug` every message is logged, when it is published, received and
    /// settled. Default: what the configuration says.
    public var logLevel: LogRecord.Level?
    /// Where it measures; nil, the default: nowhere, at no cost.
    public var metrics: (any MetricsSink)?
    /// Where it reports spans; nil, the default: nowhere, at no cost.
    public var trace: (any TraceSink)?
    /// Where routes that deduplicate keep what was handled. Hubs in several processes that share one handle a message once
    /// between them. Default, nil: a store in memory, for this hub alone.
    public var deduplication: (any DeduplicationStore)?
    /// What the span of a handler has to do with the trace of its message. Default: it links to it.
    public var processSpans = ProcessSpans.linked
    /// Where it writes down who did what with each message, and when; nil, the default: nowhere, at no cost.
    public var audit: (any AuditSink)?
    /// Who it is in the audit trail. Default: `hub`.
    public var actor = "hub"
    /// What stands between the program and the policies of every topic, the first outermost: around each publish, and
    /// around each run of a handler. Default: nothing, at no cost.
    public var middlewares: [any Middleware] = []
    /// How often the metrics sink gets the hub's counters, what waits in its destinations, and what the process uses.
    /// Default: 10 s.
    public var metricsInterval = Duration.seconds(10)
    /// Under what name `hub status` sees it; nil, the default: it does not.
    public var status: StatusReporting?
    /// How long a subscription has nothing to do before it lets its workers go.
    package var idleTime = Duration.seconds(1)
    /// How sinks are called.
    package var sinks = SinkSettings()
    /// Where a test hub looks in; nil: nowhere, at no cost.
    package var door: HubDoor?
    /// What decides for its policies.
    package var policies = HubPolicies()

    /// An environment of these parts.
    public init(
        time: any TimeSource = SystemTime.shared, log: (any LogSink)? = nil, logLevel: LogRecord.Level? = nil,
        metrics: (any MetricsSink)? = nil, trace: (any TraceSink)? = nil, audit: (any AuditSink)? = nil,
        deduplication: (any DeduplicationStore)? = nil, middlewares: [any Middleware] = []
    ) {
        self.time = time
        self.log = log
        self.logLevel = logLevel
        self.metrics = metrics
        self.trace = trace
        self.deduplication = deduplication
        self.audit = audit
        self.middlewares = middlewares
    }
}

/// What the span of a handler has to do with the trace of its message.
public enum ProcessSpans: Hashable, Sendable {
    /// It begins a trace of its own, with a link to where the message was made: right for batches, and for queues in which
    /// messages wait long.
    case linked
    /// It is part of the trace in which the message was made, below the span that made it.
    case parented
}
