/// A broker that stands before another one and passes on what it does not change: fault plans, mutants, failover.
///
/// Every requirement has a default that forwards to `base`, so a decorator writes only what it changes, and no power is
/// lost behind it.
public protocol BrokerDecorator: MessageBroker {
    /// The broker behind.
    var base: any MessageBroker { get }
}

extension BrokerDecorator {
    /// The base's.
    public var name: BrokerName { base.name }
    /// The base's.
    public var type: BrokerType { base.type }
    /// The base's.
    public var capabilities: BrokerCapabilities { base.capabilities }
    /// The base's.
    public var limits: BrokerLimits { base.limits }
    /// The base's.
    public var durability: BrokerDurability? { base.durability }
    /// The base's.
    public var topology: (any TopologyAdministration)? { base.topology }
    /// The base's.
    public var replay: (any Replaying)? { base.replay }
    /// The base's.
    public var requests: (any Requesting)? { base.requests }

    /// Asks the base.
    public func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try await base.connect(reporting: reporting)
    }

    /// Asks the base.
    public func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        try await base.declare(declarations)
    }

    /// Asks the base.
    public func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await base.publish(messages, to: destination, options: options)
    }

    /// Asks the base.
    public func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await base.publish(message, to: destination, options: options)
    }

    /// Asks the base.
    public func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        try await base.subscribe(subscription)
    }

    /// Asks the base.
    public func health() async -> BrokerHealth { await base.health() }

    /// Asks the base.
    public func close(within grace: Duration) async { await base.close(within: grace) }
}

/// A consumer that stands before another one and passes on what it does not change.
public protocol ConsumerDecorator: MessageConsumer {
    /// The consumer behind.
    var base: any MessageConsumer { get }
}

extension ConsumerDecorator {
    /// Asks the base.
    public func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        try await base.receive(upTo: limit, within: wait)
    }

    /// Asks the base.
    public func holds(_ receipt: Receipt) -> Bool { base.holds(receipt) }

    /// Asks the base.
    public func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        await base.settle(settlements)
    }

    /// Asks the base.
    public func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        await base.settle(receipt, as: settlement)
    }

    /// Asks the base.
    public func stop() async { await base.stop() }

    /// Asks the base.
    public func cancel() async { await base.cancel() }
}
