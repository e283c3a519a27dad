import Messaging
import MessagingHub
import MessagingTesting

/// One thing that a broker does wrong; what is nil it does right.
struct Flaw: Sendable {
    typealias Publish =
        @Sendable (any MessageBroker, [Message], Destination, PublishOptions) async throws
        -> PublishReceipt

    var connect: (@Sendable (any MessageBroker, @escaping @Sendable (BrokerEvent) -> Void) async throws -> Void)?
    var publish: Publish?
    var declare: (@Sendable (any MessageBroker, [DestinationDeclaration]) async throws -> Void)?
    var subscribe: (@Sendable (any MessageBroker, Subscription) async throws -> any MessageConsumer)?
    var replay: (@Sendable (any MessageBroker) -> (any Replaying)?)?
    var topology: (@Sendable (any MessageBroker) -> (any TopologyAdministration)?)?
    var requests: (@Sendable (any MessageBroker) -> (any Requesting)?)?
    var health: (@Sendable (any MessageBroker) async -> BrokerHealth)?
    var capabilities: (@Sendable (inout BrokerCapabilities) -> Void)?
    var limits: (@Sendable (inout BrokerLimits) -> Void)?
    /// What remembers what was handled, made of one that does it right.
    var store: (@Sendable (any DeduplicationStore) -> FlawedStore)?
    var configure: (@Sendable (inout HubConfiguration) -> Void)?
    /// Of the hub's sinks.
    var watch: (@Sendable (inout HubEnvironment) -> Void)?
    var close: (@Sendable (any MessageBroker, Duration) async -> Void)?
    /// Ends a process; the second argument does it as it should be done.
    var kill: (@Sendable (any MessageBroker, @Sendable () async -> Void) async -> Void)?
    /// What a broker opens when it is made, and keeps as long as it is there.
    var make: (@Sendable () -> any Sendable)?
    /// What stands in the way of connecting, beside what the harness puts there.
    var obstacles: (@Sendable ([ConnectionObstacle]) -> [ConnectionObstacle])?

    /// A flaw of each consumer, made for it when it subscribes.
    static func ofConsumer(
        _ make: @escaping @Sendable (any MessageConsumer, any MessageBroker, Subscription) -> FlawedConsumer
    ) -> Flaw {
        var flaw = Flaw()
        flaw.subscribe = { broker, subscription in
            make(try await broker.subscribe(subscription), broker, subscription)
        }
        return flaw
    }

    /// A flaw of what is published: `edit` changes the messages of a call.
    static func ofMessages(_ edit: @escaping @Sendable (Message) -> Message) -> Flaw {
        var flaw = Flaw()
        flaw.publish = { broker, messages, destination, options in
            try await broker.publish(messages.map(edit), to: destination, options: options)
        }
        return flaw
    }

    /// A flaw of what is declared.
    static func ofDeclarations(_ edit: @escaping @Sendable (inout DestinationDeclaration) -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.declare = { broker, declarations in
            try await broker.declare(
                declarations.map { declaration in
                    var declaration = declaration
                    edit(&declaration)
                    return declaration
                })
        }
        return flaw
    }
}

/// A broker with one flaw.
final class FlawedBroker: BrokerDecorator {
    let base: any MessageBroker
    private let flaw: Flaw
    private let made: (any Sendable)?

    init(_ base: any MessageBroker, _ flaw: Flaw) {
        self.base = base
        self.flaw = flaw
        made = flaw.make?()
    }

    var capabilities: BrokerCapabilities {
        var capabilities = base.capabilities
        flaw.capabilities?(&capabilities)
        return capabilities
    }

    var limits: BrokerLimits { flaw.limits.map { base.limits.with($0) } ?? base.limits }

    var replay: (any Replaying)? {
        if let replay = flaw.replay { replay(base) } else { base.replay }
    }

    var topology: (any TopologyAdministration)? {
        if let topology = flaw.topology { topology(base) } else { base.topology }
    }

    var requests: (any Requesting)? {
        if let requests = flaw.requests { requests(base) } else { base.requests }
    }

    func health() async -> BrokerHealth {
        if let health = flaw.health { return await health(base) }
        return await base.health()
    }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        guard let connect = flaw.connect else { return try await base.connect(reporting: reporting) }
        do { try await connect(base, reporting) } catch { throw BrokerError.from(error) }
    }

    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        guard let declare = flaw.declare else { return try await base.declare(declarations) }
        do { try await declare(base, declarations) } catch { throw BrokerError.from(error) }
    }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        guard let publish = flaw.publish else {
            return try await base.publish(messages, to: destination, options: options)
        }
        do { return try await publish(base, messages, destination, options) } catch {
            throw error as? PublishFailure ?? .refused(.from(error), count: messages.count)
        }
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        if flaw.publish != nil { return try await publish([message], to: destination, options: options) }
        return try await base.publish(message, to: destination, options: options)
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        guard let subscribe = flaw.subscribe else { return try await base.subscribe(subscription) }
        do { return try await subscribe(base, subscription) } catch { throw BrokerError.from(error) }
    }

    func close(within grace: Duration) async {
        if let close = flaw.close { return await close(base, grace) }
        await base.close(within: grace)
    }
}

/// A consumer with one flaw.
struct FlawedConsumer: ConsumerDecorator {
    typealias Receive = @Sendable (any MessageConsumer, Int, Duration) async throws -> [Delivery]
    typealias Settle = @Sendable (any MessageConsumer, [ReceiptSettlement]) async -> [SettlementOutcome]

    let base: any MessageConsumer
    var receive: Receive?
    var settle: Settle?
    var stop: (@Sendable (any MessageConsumer) async -> Void)?
    var cancel: (@Sendable (any MessageConsumer) async -> Void)?
    var holds: (@Sendable (any MessageConsumer, Receipt) -> Bool)?

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        guard let receive else { return try await base.receive(upTo: limit, within: wait) }
        do { return try await receive(base, limit, wait) } catch { throw BrokerError.from(error) }
    }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        if let settle { return await settle(base, settlements) }
        return await base.settle(settlements)
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        await settle([ReceiptSettlement(receipt, settlement)]).first ?? .stale
    }

    func holds(_ receipt: Receipt) -> Bool { holds.map { $0(base, receipt) } ?? base.holds(receipt) }

    func stop() async {
        if let stop { return await stop(base) }
        await base.stop()
    }

    func cancel() async {
        if let cancel { return await cancel(base) }
        await base.cancel()
    }
}

extension FlawedConsumer {
    /// A consumer that settles each in another way than it was told.
    static func settling(
        _ base: any MessageConsumer, as edit: @escaping @Sendable (Settlement) -> Settlement
    ) -> FlawedConsumer {
        var consumer = FlawedConsumer(base: base)
        consumer.settle = { base, settlements in
            await base.settle(settlements.map { ReceiptSettlement($0.receipt, edit($0.settlement)) })
        }
        return consumer
    }

    /// A consumer that settles all that it was handed when it is cancelled.
    static func leaving(_ base: any MessageConsumer, settling settlement: Settlement) -> FlawedConsumer {
        let held = Observed<[Receipt]>([])
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            held.change { $0 += deliveries.map(\.receipt) }
            return deliveries
        }
        consumer.cancel = { base in
            // Only where something is held: whoever waits meanwhile is to hear of the cancel, not of a stop.
            if !held.value.isEmpty { await base.stop() }
            _ = await base.settle(held.value.map { ReceiptSettlement($0, settlement) })
            await base.cancel()
        }
        return consumer
    }

    /// A consumer that changes what it received.
    static func receiving(
        _ base: any MessageConsumer, _ edit: @escaping @Sendable ([Delivery]) -> [Delivery]
    ) -> FlawedConsumer {
        var consumer = FlawedConsumer(base: base)
        consumer.receive = { base, limit, wait in
            edit(try await base.receive(upTo: limit, within: wait))
        }
        return consumer
    }
}

extension BrokerError {
    /// What a flaw's closure threw, which passes on what it got from the broker.
    fileprivate static func from(_ error: any Error) -> BrokerError {
        error as? BrokerError ?? BrokerError(.brokerFailure, "\(error)")
    }
}
