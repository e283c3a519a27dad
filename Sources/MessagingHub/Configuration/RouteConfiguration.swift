public import Messaging
public import MessagingReliability

/// Where the messages of some topics go, and what is promised for them.
public struct RouteConfiguration: Sendable {
    /// Which topics.
    public var pattern: TopicPattern
    /// To which broker.
    public var broker: BrokerName
    /// Which broker stands in while that one cannot be reached. Default: none.
    public var fallback: FallbackRoute?
    /// As what.
    public var kind: DestinationKind
    /// Whether its topics are still to be used. Default: they are.
    public var lifecycle: TopicLifecycle
    /// The groups of a stream, by name.
    public var groups: [GroupName: DestinationDeclaration.Group]
    /// Other topics whose messages flow in.
    public var bindings: [TopicPattern]
    /// What is asked for; less is refused when the hub starts. Default: nothing, what is computed stands.
    public var guarantee: Guarantee?
    /// Which messages keep their order. Default: none.
    public var order: DestinationDeclaration.Order
    /// The highest priority in use. Default: 0.
    public var maximumPriority: UInt8
    /// How long a stream keeps what was read, and how long a message waits in a queue before it expires. Default: a stream
    /// keeps it as long as there is room, and in a queue it waits until it is handled.
    public var retention: Duration?
    /// How many messages the destination holds. Default: what the broker is set to.
    public var maximumMessages: Int?
    /// How many bytes it holds. Default: what the broker is set to.
    public var maximumBytes: Int?
    /// What a full destination does. Default: publish waits.
    public var whenFull: DestinationDeclaration.WhenFull
    /// Whether it outlives the broker's process. Default: it does.
    public var durable: Bool
    /// What happens to messages that their handlers give up. Default: `<topic>.dead`.
    public var deadLetter: DeadLetterRoute
    /// How often a handler is tried.
    public var retry: RetryPolicy
    /// How often a handler is tried, for these message types.
    public var retryByType: [String: RetryPolicy]
    /// How many retries of handlers there may be in a minute, in all. Default: no limit but that of each message.
    public var retryBudget: Int?
    /// When handlers are not run because they fail one after the other. Default: they always are.
    public var breaker: CircuitBreakerPolicy?
    /// How long a handler may run. Default: no limit but `maxHold`.
    public var timeout: Duration?
    /// Whether, and for how long, a message that comes twice is handled once. Default: it is handled as often as it comes.
    public var deduplicate: DeduplicationPolicy?
    /// How many handlers run at once. Default: 8.
    public var concurrency: Int
    /// How many deliveries are held at once. Default: 256.
    public var window: Int
    /// How long a delivery may be held. Default: 30 min.
    public var maxHold: Duration
    /// How often, and how, a failed publish is repeated. Default: 3 runs from 100 ms on.
    public var publishRetry: RetryPolicy
    /// When nothing is published because it fails time after time. Default: it always is.
    public var publishBreaker: CircuitBreakerPolicy?
    /// How long a publish may take in all. Default: 30 s.
    public var publishDeadline: Duration
    /// Whether a publish of unknown outcome is repeated, which may make a duplicate. Default: it is.
    public var acceptsDuplicates: Bool
    /// Whether a request whose handler gives up is answered with the error. Default: it is.
    public var answersFailures: Bool

    /// A route of this pattern to a broker, as a queue, stream or pubSub; all else at its default.
    public init(_ pattern: TopicPattern, to broker: BrokerName, as kind: DestinationKind) {
        self.pattern = pattern
        self.broker = broker
        self.kind = kind
        lifecycle = .active
        groups = [:]
        bindings = []
        order = .none
        maximumPriority = 0
        whenFull = .wait
        durable = true
        deadLetter = .byDefault
        retry = RetryPolicy()
        retryByType = [:]
        concurrency = 8
        window = 256
        maxHold = .seconds(1800)
        publishRetry = RetryPolicy(attempts: 3, delay: .milliseconds(100), maximumDelay: .seconds(2))
        publishDeadline = .seconds(30)
        acceptsDuplicates = true
        answersFailures = true
    }

    /// After how long a queue drops what nobody has handled, where the broker does not dead-letter it.
    var discardsAfter: Duration? {
        if case .broker = deadLetter { return nil }
        return kind == .queue ? retention : nil
    }
}

/// What happens to messages that their handlers give up.
public enum DeadLetterRoute: Hashable, Sendable {
    /// They go to `<topic>.dead`, a queue on the same broker (none on pubSub).
    case byDefault
    /// They go to this topic, by its own route; without one, to a queue on the same broker.
    case topic(Topic)
    /// They stay: an alarm stands, and they are tried again at the policy's longest delay for ever.
    case none
    /// The broker dead-letters them by itself, to this topic.
    case broker(Topic)
}
