/// What a broker can do, per kind and operation. Before `connect` the most that the backend can do, after it what this
/// server does.
public struct BrokerCapabilities: Hashable, Sendable {
    /// How an operation is served.
    public enum Support: Hashable, Sendable {
        /// By the broker itself.
        case native
        /// By the backend, at this cost.
        case emulated(cost: String)
        /// Not at all, for this reason; a route that asks for it does not start.
        case refused(reason: String)
    }

    /// What can be asked of a destination.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// Publishing with a confirmation, receiving, settling: the kind itself.
        case serve
        /// `.retry(after:)`.
        case retry
        /// `Message.notBefore`.
        case delay
        /// `Message.priority`.
        case priority
        /// `Message.expiration`, and the `retention` of a queue.
        case expiration
        /// Counting, in `health`, what expired.
        case expiredCount
        /// `order: perKey`, and `order: all`.
        case order
        /// `.forward` as one step with the settlement: a crash between leaves no duplicate.
        case atomicForward
        /// `deadLetters: broker`.
        case brokerDeadLetters
        /// `Subscription.until`.
        case untilEnd
        /// A subscription to a pattern.
        case pattern
        /// A group's filter on headers.
        case filter
        /// Bindings: other topics flow into this destination.
        case bindings
        /// Reading from a position as no member of any group.
        case replay
        /// A full destination waits or refuses as declared.
        case bounded
        /// Headers whose values are bytes that are not text.
        case binaryHeaders
        /// A null body that stays apart from an empty one.
        case nullBody
        /// Surviving the end of the broker's process.
        case durable
        /// Saying, in a `DestinationDepth`, when the oldest waiting message arrived.
        case oldestAge
        /// Saying, in a `DestinationDepth`, how many messages are held.
        case heldCount
        /// Counting, in a `DestinationDepth`, what waits for its time, and removing it with a purge.
        case delayCount
        /// Giving the place of a consumer that keeps others from an ordered destination, and holds for too long, to the
        /// next. It is told by `.revoked`, or its next receive throws `.fenced`; what it held is stale.
        case fencing
        /// Request and reply by the broker's own means: a request to nobody fails at once.
        case request
    }

    /// What a broker knows of deliveries that a crash ended.
    public enum CrashCount: String, Hashable, Sendable {
        /// Attempt grows by one for each message that was held, that is, handed out by `receive`.
        case exact
        /// Attempt grows by one for each message that was delivered, also those that nobody had received yet.
        case deliveries
        /// Attempt is 2 for everything that came before.
        case redeliveredOnly
        /// Attempt does not grow.
        case none
    }

    /// How priorities share a queue.
    public enum PriorityOrder: Hashable, Sendable {
        /// Of `bound` deliveries at least one goes to the oldest message, whatever its priority.
        case fair(bound: Int)
        /// The lower may starve.
        case strict
    }

    /// What each kind can do; an operation that is missing is refused.
    public var operations: [DestinationKind: [Operation: Support]]
    /// What attempt says after a crash or a lost hold. Default: nothing.
    public var crashCount: CrashCount
    /// Whether a release, or a cancelled consumer, counts as an attempt. Default: no.
    public var releaseCounts: Bool
    /// How priorities share a queue. Default: strictly.
    public var priorityOrder: PriorityOrder

    /// A broker that can do this.
    public init(
        _ operations: [DestinationKind: [Operation: Support]], crashCount: CrashCount = .none,
        releaseCounts: Bool = false, priorityOrder: PriorityOrder = .strict
    ) {
        self.operations = operations
        self.crashCount = crashCount
        self.releaseCounts = releaseCounts
        self.priorityOrder = priorityOrder
    }

    /// How an operation is served for a kind.
    public subscript(kind: DestinationKind, operation: Operation) -> Support {
        operations[kind]?[operation] ?? .refused(reason: "\(operation.rawValue) is not offered for a \(kind)")
    }

    /// Whether an operation is served, natively or by an emulation.
    public func can(_ operation: Operation, on kind: DestinationKind) -> Bool {
        if case .refused = self[kind, operation] { false } else { true }
    }
}
