/// One connection to a broker: the seam that every backend implements, and applications do not see.
///
/// Whoever implements it runs `BrokerConformance` of `MessagingTesting`, which is the definition of what follows.
/// A confirmed publish is never lost; a delivery that was not accepted, forwarded or discarded comes again; nothing
/// waits behind a blocked receive; no input, answer or order of calls traps; a failure stays where it is.
public protocol MessageBroker: Sendable {
    /// The broker's name in the configuration.
    var name: BrokerName { get }
    /// What kind of broker it is.
    var type: BrokerType { get }
    /// Before `connect` the most that the backend can do, after it what this server does.
    var capabilities: BrokerCapabilities { get }
    /// What it can carry.
    var limits: BrokerLimits { get }

    /// How long it keeps what it has confirmed, as far as its server could be asked; nil where it could not, and
    /// before `connect` where only the server knows. What is promised for routes is computed from it, and less than a route asks for is refused.
    var durability: BrokerDurability? { get }

    /// Tries each host once, then throws. From the first success on the backend reconnects by itself, for ever.
    /// `reporting` is told of each change once; it must not block.
    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError)

    /// Makes what is missing, explains what conflicts. Idempotent, applied again after a reconnect, and the only call
    /// that creates anything durable. To publish to or to subscribe to a queue, a stream or a group that does not exist is
    /// `.noSuchDestination`, whoever should have made it; what exists may be used without declaring it. A pubSub topic
    /// needs no declaration. What `limits` say no to is refused: `limits.refusal(of:)` answers for topics and messages.
    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError)

    /// Returns when the broker has taken responsibility for every message, as the declaration's durability asks.
    /// A failure names each message that was not confirmed, by its index. Cancelled: what was not yet sent is
    /// `.refused(.cancelled)`, the rest `.unknown`. Success allocates nothing.
    @discardableResult
    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt

    /// The same for one message, without an array.
    @discardableResult
    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt

    /// Returns when live: what is published from now on arrives; or throws, and the hub repeats what `isRetryable`. From
    /// then on the subscription is the backend's: `receive` waits through outages.
    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer

    /// How it is, within one heartbeat of the truth.
    func health() async -> BrokerHealth

    /// Flushes confirmations and settlements, cancels every consumer (what is held goes back) and disconnects, within
    /// `grace`. Does its work even when the calling task is cancelled; harmless when repeated.
    func close(within grace: Duration) async

    /// Deleting, purging, depth and lag; nil where the backend has none. A property, so that a decorator passes it on.
    var topology: (any TopologyAdministration)? { get }
    /// Reading a stream as no member of any group; nil where the backend has none.
    var replay: (any Replaying)? { get }
    /// Native request and reply; nil where the hub is to use a private reply topic.
    var requests: (any Requesting)? { get }
}

extension MessageBroker {
    /// It cannot be asked.
    public var durability: BrokerDurability? { nil }
    /// None.
    public var topology: (any TopologyAdministration)? { nil }
    /// None.
    public var replay: (any Replaying)? { nil }
    /// None.
    public var requests: (any Requesting)? { nil }

    /// Publishes with the default options.
    @discardableResult
    public func publish(
        _ messages: [Message], to destination: Destination
    ) async throws(PublishFailure) -> PublishReceipt {
        try await publish(messages, to: destination, options: PublishOptions())
    }

    /// Publishes with the default options.
    @discardableResult
    public func publish(
        _ message: Message, to destination: Destination
    ) async throws(PublishFailure) -> PublishReceipt {
        try await publish(message, to: destination, options: PublishOptions())
    }
}

/// A live subscription: what it received is held until it is settled, at most `Subscription.maxHold`.
///
/// Letting go of the consumer cancels it.
public protocol MessageConsumer: Sendable {
    /// Returns as soon as one message is there, with at most `limit`; empty only when `wait` has passed.
    /// A cancelled task: throws `.cancelled`, and nothing is lost. After `stop`, `cancel`, `close`, or when there will
    /// be no more: throws `.ended`, at once and every time. Outages are waited through. One receive at a time.
    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery]

    /// May a handler be started on it? False once the receipt is stale, and from `revoked` on for the receipts of those
    /// lanes; never true again. Does not block.
    ///
    /// A revoked lane is kept until each of its receipts is settled, at most `limits.revokeGrace`: the hub releases at once
    /// those that it has not begun, and what it has begun can still be settled meanwhile.
    func holds(_ receipt: Receipt) -> Bool

    /// Result i answers settlement i. They are independent of each other: where several share one transaction and one is
    /// refused, the others are committed without it. Accepts are written before the copies of a `forward` or a `retry`
    /// are waited for. Does its work even when the calling task is cancelled.
    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome]

    /// The same for one, without arrays.
    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome

    /// No more deliveries; a waiting receive ends at once. What is held stays held and can be settled.
    func stop() async

    /// `stop`, then everything unsettled goes back at once, then the consumer leaves.
    func cancel() async
}
