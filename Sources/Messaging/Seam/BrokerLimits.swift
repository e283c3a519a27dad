/// What a broker can carry, as data; the in-memory broker can take on those of any other.
public struct BrokerLimits: Hashable, Sendable {
    /// What a header value may be.
    public enum HeaderGrammar: String, Hashable, Sendable {
        /// Any bytes.
        case bytes
        /// Valid UTF-8 without NUL.
        case text
        /// Valid UTF-8 without NUL, CR and LF; names without colon and white space.
        case line
    }

    /// What the name of a topic may consist of, beyond what makes it a `Topic`.
    public enum NameGrammar: String, Hashable, Sendable {
        /// Any characters.
        case text
        /// ASCII letters, digits, dots, hyphens and underscores.
        case ascii
    }

    /// The largest body, in bytes. Default: 1 MiB.
    public var maximumBodyBytes: Int
    /// How many headers a message may have. Default: 1,000.
    public var maximumHeaders: Int
    /// The longest header name, in bytes. Default: 255.
    public var maximumHeaderNameBytes: Int
    /// The longest header value, in bytes. Default: 64 KiB.
    public var maximumHeaderValueBytes: Int
    /// What a header value may be. Default: text.
    public var headerGrammar: HeaderGrammar
    /// The longest topic, in bytes. Default: 249.
    public var maximumTopicBytes: Int
    /// What the name of a topic may consist of. Default: text.
    public var nameGrammar: NameGrammar
    /// The highest priority of a message; 0 is the lowest. Default: 10, and never more, because a message has no higher.
    public var maximumPriority: UInt8 {
        didSet { maximumPriority = min(maximumPriority, Message.highestPriority) }
    }
    /// The longest key, type, correlation id or other short field, in bytes. Default: 64 KiB.
    public var maximumFieldBytes: Int
    /// The steps in which a delay is met. Default: 1 ms.
    public var delayGranularity: Duration
    /// The longest delay. Default: 365 days.
    public var maximumDelay: Duration
    /// The longest retention of a queue. Default: 100 years.
    public var maximumRetention: Duration
    /// The longest hold that the backend can keep up. Default: 24 h.
    public var maxHold: Duration
    /// How far back a crash of the broker may undo settlements. Default: not at all.
    public var settleLag: Duration
    /// How long a revoked lane is kept for what was begun. Default: 10 s.
    public var revokeGrace: Duration

    /// Limits at their defaults.
    public init() {
        maximumBodyBytes = 1 << 20
        maximumHeaders = 1000
        maximumHeaderNameBytes = 255
        maximumHeaderValueBytes = 64 << 10
        headerGrammar = .text
        maximumTopicBytes = Topic.maximumBytes
        nameGrammar = .text
        maximumPriority = Message.highestPriority
        maximumFieldBytes = 64 << 10
        delayGranularity = .milliseconds(1)
        maximumDelay = .seconds(365 * 86_400)
        maximumRetention = .seconds(36_500 * 86_400)
        maxHold = .seconds(86_400)
        settleLag = .zero
        revokeGrace = .seconds(10)
    }

    /// These limits with some changed.
    public func with(_ edit: (inout BrokerLimits) -> Void) -> BrokerLimits {
        var limits = self
        edit(&limits)
        return limits
    }

    /// Why a broker of these limits has no place for a topic, or it is none; nil when it has. Every backend asks here when
    /// a topic is declared, subscribed to, or published to for the first time.
    public func refusal(of topic: Topic) -> BrokerError? {
        topic.problem
            ?? problem(in: topic, for: "this broker").map {
                BrokerError(.invalidArgument, "topic \(topic.name.quoted) \($0)")
            }
    }

    /// Why a broker of these limits cannot make what is declared; nil when it can. Every backend asks here.
    public func refusal(of declaration: DestinationDeclaration) -> BrokerError? {
        if let problem = refusal(of: declaration.destination.topic) { return problem }
        guard declaration.destination.kind == .queue, let retention = declaration.retention,
            retention < .milliseconds(1) || retention > maximumRetention
        else { return nil }
        let range = "at least 1ms, at most \(maximumRetention.optionText)"
        return BrokerError(
            .invalidArgument, "\(declaration.destination): a retention of \(retention) is out of range; \(range)")
    }

    /// Why a broker of these limits refuses a message at this moment; nil when it takes it. Every backend asks here.
    @inlinable public func refusal(of message: Message, at now: @autoclosure () -> Timestamp) -> BrokerError? {
        plainSize(of: message) == nil ? carefulRefusal(of: message, at: now()) : nil
    }

    /// The size of a message of the common kind, which needs no second look: within the limits, without headers and
    /// seldom used fields. nil: `refusal` says more.
    @inlinable package func plainSize(of message: Message) -> Int? {
        let body = message.body.count
        let fields = message.type.utf8.count &+ (message.key?.utf8.count ?? 0)
        guard body <= maximumBodyBytes, fields <= maximumFieldBytes, message.headers.isEmpty,
            message.priority <= maximumPriority, !message.hasExtras, !message.type.hasControlCharacter,
            !(message.key?.hasControlCharacter ?? false)
        else { return nil }
        return body &+ fields
    }
}
