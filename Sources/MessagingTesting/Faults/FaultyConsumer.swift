import Messaging

/// A consumer of a `FaultyBroker`.
///
/// A disconnection takes its consumer behind from it: what is held goes back, and a new one is made with the next receive.
/// So its receipts are its own: they say which consumer behind they belong to.
final class FaultyConsumer: MessageConsumer {
    private struct State: Sendable {
        var base: any MessageConsumer
        var generation: UInt32 = 0
        var isLost = false
        var held: [Receipt: Receipt] = [:]
        var count: UInt64 = 0
        var end: BrokerError?
    }

    private let broker: FaultyBroker
    private let subscription: Subscription
    private let state: Lock<State>

    init(_ base: any MessageConsumer, _ subscription: Subscription, of broker: FaultyBroker) {
        self.broker = broker
        self.subscription = subscription
        state = Lock(State(base: base))
    }

    /// The connection went: what is held is not held any more, and goes back.
    func loseHolds() async {
        let base = state.withLock { state in
            state.held = [:]
            state.generation += 1
            state.isLost = true
            return state.base
        }
        await base.cancel()
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let time = broker.time
        let end = time.deadline(after: wait)
        if broker.strikes(.slowReceive) {
            do { try await time.sleep(for: broker.plan.slowness) } catch {
                throw BrokerError(.cancelled, "receive was cancelled", during: .receive)
            }
        }
        while true {
            guard let (base, generation) = try await connected(before: end) else { return [] }
            do throws(BrokerError) {
                let deliveries = try await base.receive(upTo: limit, within: max(.zero, end - time.uptime))
                if let own = hold(deliveries, generation) { return own }
            } catch {
                let isCut = state.withLock { $0.generation != generation && $0.end == nil }
                if !isCut { throw error }
            }
        }
    }

    /// The consumer behind, made anew after a disconnection; nil when there was no connection in time.
    private func connected(before deadline: Duration) async throws(BrokerError) -> (any MessageConsumer, UInt32)? {
        let time = broker.time
        guard await broker.waitsForConnection(within: max(.zero, deadline - time.uptime)) else {
            if Task.isCancelled { throw BrokerError(.cancelled, "receive was cancelled", during: .receive) }
            return nil
        }
        let (isLost, known, ended) = state.withLock { ($0.isLost, ($0.base, $0.generation), $0.end) }
        if let ended { throw ended }
        guard isLost else { return known }
        let base = try await broker.base.subscribe(subscription)
        let (generation, end) = state.withLock { state in
            if state.end == nil {
                state.base = base
                state.isLost = false
            }
            return (state.generation, state.end)
        }
        if let end { throw end }
        return (base, generation)
    }

    /// The deliveries with receipts of ours; nil when the connection has gone meanwhile, and they with it.
    private func hold(_ deliveries: [Delivery], _ generation: UInt32) -> [Delivery]? {
        state.withLock { state in
            guard state.generation == generation else { return nil }
            return deliveries.map { delivery in
                state.count += 1
                let receipt = Receipt(sequence: state.count, epoch: generation)
                state.held[receipt] = delivery.receipt
                var own = delivery
                own.receipt = receipt
                return own
            }
        }
    }

    func holds(_ receipt: Receipt) -> Bool {
        state.withLock { state in state.held[receipt].map { state.base.holds($0) } ?? false }
    }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        var outcomes: [SettlementOutcome] = []
        for settlement in settlements { outcomes.append(await settle(settlement.receipt, as: settlement.settlement)) }
        return outcomes
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        let known = state.withLock { state in state.held[receipt].map { ($0, state.base) } }
        guard let (inner, base) = known else { return .stale }
        if broker.strikes(.settleFails) {
            return .failed(broker.error(.brokerFailure, "the settlement failed", during: .settle))
        }
        var asked = settlement
        if case .accept = settlement, broker.strikes(.duplicateDelivery) { asked = .release }
        let outcome = await base.settle(inner, as: asked)
        if case .failed = outcome { return outcome }
        state.withLock { $0.held[receipt] = nil }
        return outcome
    }

    func stop() async {
        await end(.ended(.stopped, "the consumer was stopped")).stop()
    }

    func cancel() async {
        await end(.ended(.cancelled, "the consumer was cancelled")).cancel()
    }

    /// There is to be no more; the consumer behind as it is now.
    private func end(_ error: BrokerError) -> any MessageConsumer {
        state.withLock { state in
            if state.end == nil { state.end = error }
            return state.base
        }
    }
}
