#if RabbitMQ
    import Messaging

    /// A consumer of RabbitMQ: receives from its window, settles through its channel. Letting go of it cancels it.
    final class RabbitMQConsumer: MessageConsumer {
        private let core: ConsumerCore

        init(_ core: ConsumerCore) { self.core = core }

        deinit { core.abandon() }

        func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
            try await core.receive(upTo: limit, within: wait)
        }

        func holds(_ receipt: Receipt) -> Bool { core.holds(receipt) }

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] { await core.settle(settlements) }

        func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
            if case .accept = settlement { return core.accept(receipt) }
            return await core.settle([ReceiptSettlement(receipt, settlement)])[0]
        }

        func stop() async { await core.stop() }

        func cancel() async { await core.cancel(because: .ended(.cancelled, "this consumer was cancelled")) }
    }
#endif
