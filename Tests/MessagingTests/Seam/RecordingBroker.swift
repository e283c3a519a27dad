import Messaging

/// A broker that does nothing but write down what it was asked, and has every power.
final class RecordingBroker: MessageBroker, TopologyAdministration, Replaying, Requesting {
    static let failure = BrokerError(.conflict, "as asked")
    let name: BrokerName
    let type: BrokerType = "recording"
    let calls = Lock([String]())
    let fails: Bool

    init(name: BrokerName, failing fails: Bool = false) {
        self.name = name
        self.fails = fails
    }

    private func note(_ call: String) { calls.withLock { $0.append(call) } }

    private func attempt(_ call: String) throws(BrokerError) {
        note(call)
        if fails { throw Self.failure }
    }

    var capabilities: BrokerCapabilities { BrokerCapabilities([.queue: [.serve: .native]], crashCount: .exact) }
    var limits: BrokerLimits { BrokerLimits().with { $0.maximumBodyBytes = 7 } }
    var durability: BrokerDurability? { BrokerDurability(until: .server, "recorded") }
    var topology: (any TopologyAdministration)? { self }
    var replay: (any Replaying)? { self }
    var requests: (any Requesting)? { self }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try attempt("connect")
        reporting(.up)
    }

    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        try attempt("declare \(declarations.map(\.destination))")
    }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        note("publish \(messages.count) to \(destination) within \(options.deadline)")
        if fails { throw PublishFailure.refused(Self.failure, count: messages.count) }
        return PublishReceipt(positions: [Position(major: 1)])
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        note("publish one to \(destination) within \(options.deadline)")
        if fails { throw PublishFailure.refused(Self.failure, count: 1) }
        return PublishReceipt(positions: [Position(major: 2)])
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        try attempt("subscribe \(subscription.label)")
        return RecordingConsumer()
    }

    func health() async -> BrokerHealth {
        note("health")
        return BrokerHealth(.degraded, consumers: 3)
    }

    func close(within grace: Duration) async { note("close within \(grace)") }

    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        try attempt("depth")
        return DestinationDepth(waiting: 1, held: 2, consumers: 3)
    }

    func purge(_ destination: Destination) async throws(BrokerError) -> Int {
        try attempt("purge")
        return 4
    }

    func delete(_ destination: Destination) async throws(BrokerError) { try attempt("delete") }

    func reader(
        of destination: Destination, from start: StartPosition, until: Subscription.Until?
    ) async throws(BrokerError) -> any ReplayReader { throw Self.failure }

    func end(of destination: Destination) async throws(BrokerError) -> Position {
        try attempt("end")
        return Position(major: 9)
    }

    func request(
        _ message: Message, to destination: Destination, within wait: Duration
    ) async throws(BrokerError) -> Message {
        try attempt("request")
        return message
    }

    func reply(_ message: Message, to address: String, within wait: Duration) async throws(BrokerError) {
        try attempt("reply to \(address)")
    }
}

/// A consumer that does nothing but write down what it was asked.
final class RecordingConsumer: MessageConsumer {
    let calls = Lock([String]())

    private func note(_ call: String) { calls.withLock { $0.append(call) } }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        note("receive up to \(limit) within \(wait)")
        return [Delivery(message: Message("x"), receipt: Receipt(sequence: 1))]
    }

    func holds(_ receipt: Receipt) -> Bool {
        note("holds \(receipt.sequence)")
        return receipt.sequence == 1
    }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        note("settle \(settlements.count)")
        return settlements.map { _ in .stale }
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        note("settle one")
        return .settled
    }

    func stop() async { note("stop") }
    func cancel() async { note("cancel") }
}

/// A broker without any power, whatever stands behind it: it takes the protocol's own defaults.
struct PowerlessBroker: MessageBroker {
    let base: RecordingBroker
    var name: BrokerName { base.name }
    var type: BrokerType { base.type }
    var capabilities: BrokerCapabilities { base.capabilities }
    var limits: BrokerLimits { base.limits }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try await base.connect(reporting: reporting)
    }

    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        try await base.declare(declarations)
    }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await base.publish(messages, to: destination, options: options)
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try await base.publish(message, to: destination, options: options)
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        try await base.subscribe(subscription)
    }

    func health() async -> BrokerHealth { await base.health() }
    func close(within grace: Duration) async { await base.close(within: grace) }
}
