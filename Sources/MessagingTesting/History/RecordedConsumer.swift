package import Messaging

/// Writes what a consumer received, what was settled and what was answered into a history.
package final class RecordedConsumer: ConsumerDecorator {
    package let base: any MessageConsumer
    /// Who it is in the history.
    package let who: String
    private let history: History
    private let received = Lock<[Receipt: MessageID]>([:])

    init(_ base: any MessageConsumer, as who: String, in history: History) {
        self.base = base
        self.who = who
        self.history = history
    }

    deinit { history.add(who, .leaves(.letGo, isDone: false)) }

    package func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let deliveries = try await base.receive(upTo: limit, within: wait)
        if deliveries.isEmpty { return deliveries }
        received.withLock { received in
            for delivery in deliveries { received[delivery.receipt] = delivery.message.id }
        }
        history.add(who, .received(deliveries.map { Received($0) }))
        return deliveries
    }

    package func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        let (call, known) = ask(settlements)
        let outcomes = await base.settle(settlements)
        answer(call, known, outcomes)
        return outcomes
    }

    package func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        let (call, known) = ask([ReceiptSettlement(receipt, settlement)])
        let outcome = await base.settle(receipt, as: settlement)
        answer(call, known, [outcome])
        return outcome
    }

    /// Writes down what is asked of the receipts that it has handed out; of the others nothing is known.
    private func ask(_ settlements: [ReceiptSettlement]) -> (call: Int, known: [(index: Int, id: MessageID)]) {
        let known = received.withLock { received in
            settlements.indices.compactMap { index in received[settlements[index].receipt].map { (index, $0) } }
        }
        let call = history.call()
        let asked = known.map { Asked($1, settlements[$0].receipt, .init(settlements[$0].settlement)) }
        history.add(who, .settles(call: call, asked))
        return (call, known)
    }

    private func answer(_ call: Int, _ known: [(index: Int, id: MessageID)], _ outcomes: [SettlementOutcome]) {
        let answered = known.filter { outcomes.indices.contains($0.index) }
        guard answered.count == known.count else { return }
        history.add(who, .answered(call: call, answered.map(\.id), answered.map { outcomes[$0.index] }))
    }

    package func stop() async {
        history.add(who, .leaves(.stop, isDone: false))
        await base.stop()
    }

    package func cancel() async {
        history.add(who, .leaves(.cancel, isDone: false))
        await base.cancel()
        history.add(who, .leaves(.cancel, isDone: true))
    }
}
