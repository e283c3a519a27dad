import Messaging
import Synchronization

/// A broker that confirms everything at once, and hands out the same message again and again.
final class IdleBroker: MessageBroker {
    let name: BrokerName = "idle"
    let type: BrokerType = "idle"
    let capabilities = BrokerCapabilities([.queue: [.serve: .native, .retry: .native]])
    let limits = BrokerLimits()
    private let count: Int

    init(count: Int) { self.count = count }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {}
    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {}
    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt { PublishReceipt() }
    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt { PublishReceipt() }
    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        IdleConsumer(count: count)
    }
    func health() async -> BrokerHealth { BrokerHealth(.connected) }
    func close(within grace: Duration) async {}
}

/// A consumer of so many deliveries, 64 at a time.
final class IdleConsumer: MessageConsumer {
    private let left: Atomic<Int>
    private let isStopped = Atomic<Bool>(false)
    private let run: [Delivery]

    init(count: Int) {
        left = Atomic(count)
        let message = Message(Body([UInt8](repeating: 7, count: 256)), type: "order.created")
        run = (0..<64).map { Delivery(message: message, receipt: Receipt(sequence: UInt64($0))) }
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        if isStopped.load(ordering: .relaxed) { throw .ended(.stopped, "stopped") }
        let size = min(64, limit)
        if left.subtract(size, ordering: .relaxed).newValue > -size {
            return size == 64 ? run : Array(run.prefix(size))
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
