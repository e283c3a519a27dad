package import Messaging
import Synchronization

/// A broker that confirms everything at once, and hands out the same message again and again: what a hub over it takes is
/// the hub's.
package final class IdleBroker: MessageBroker {
    package let name: BrokerName
    package let type: BrokerType = "idle"
    package let capabilities = BrokerCapabilities([
        .queue: [.serve: .native, .retry: .native, .order: .native], .pubSub: [.serve: .native],
    ])
    package let limits = BrokerLimits()
    /// What it hands out.
    package let message: Message
    private let count: Int
    private let isDistinct: Bool

    /// A broker whose consumers get so many deliveries of a message; `distinct`: each with an id of its own.
    package init(named name: BrokerName = "idle", count: Int, message: Message, distinct: Bool = false) {
        self.name = name
        self.count = count
        self.message = message
        isDistinct = distinct
    }

    /// What makes a hub use it; a broker of another name hands out nothing.
    package var factory: BrokerFactory {
        let profile = BrokerProfile(
            type: "idle", scheme: "idle", options: OptionGroup([]), capabilities: capabilities, limits: limits)
        return BrokerFactory(profile) { [self] name, _, _ in
            name == self.name ? self : IdleBroker(named: name, count: 0, message: message)
        }
    }

    package func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {}
    package func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {}
    package func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt { PublishReceipt() }
    package func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt { PublishReceipt() }
    package func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        IdleConsumer(count: count, message: message, distinct: isDistinct)
    }
    package func health() async -> BrokerHealth { BrokerHealth(.connected) }
    package func close(within grace: Duration) async {}
}

/// A consumer of so many deliveries, 64 at a time.
final class IdleConsumer: MessageConsumer {
    private let left: Atomic<Int>
    private let isStopped = Atomic<Bool>(false)
    private let run: [Delivery]
    private let isDistinct: Bool

    init(count: Int, message: Message, distinct: Bool) {
        left = Atomic(count)
        isDistinct = distinct
        run = (0..<64).map { Delivery(message: message, receipt: Receipt(sequence: UInt64($0))) }
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        if isStopped.load(ordering: .relaxed) { throw .ended(.stopped, "stopped") }
        let size = min(64, limit)
        if left.subtract(size, ordering: .relaxed).newValue > -size {
            let taken = size == 64 ? run : Array(run.prefix(size))
            if !isDistinct { return taken }
            return taken.map { delivery in
                var message = delivery.message
                message.id = MessageID()
                return Delivery(message: message, receipt: delivery.receipt)
            }
        }
        do { try await Task.sleep(for: .milliseconds(5)) } catch { throw BrokerError(.cancelled, "cancelled") }
        return []
    }

    func holds(_ receipt: Receipt) -> Bool { true }
    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        [SettlementOutcome](repeating: .settled, count: settlements.count)
    }
    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome { .settled }
    func stop() async { isStopped.store(true, ordering: .relaxed) }
    func cancel() async { await stop() }
}
