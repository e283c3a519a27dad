import Messaging

/// A consumer of the in-memory broker. Letting go of it cancels it.
final class InMemoryConsumer: MessageConsumer {
    private let id: Int
    private let cells: HoldCells
    private let isPubSub: Bool
    private let broker: InMemoryBroker
    private let watch: HoldWatch
    // Not asked of the broker, whose memory its publishers write to.
    private let server: InMemoryServer

    init(_ id: Int, cells: HoldCells, subscription: Subscription, broker: InMemoryBroker) {
        self.id = id
        self.cells = cells
        self.broker = broker
        server = broker.server
        isPubSub = subscription.kind == .pubSub
        watch = HoldWatch(broker.server, consumer: id)
        if !isPubSub { watch.look(at: broker.server.time.deadline(after: subscription.maxHold)) }
    }

    deinit {
        watch.end()
        broker.server.change { state, effects in state.forget(id, &effects) }
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        if Task.isCancelled { throw Self.cancelled }
        var deadline: Duration?
        var waiter: Waiter<Void>?
        while true {
            let uptime = server.time.uptime
            switch take(upTo: max(1, limit), waiter: waiter, uptime: uptime) {
            case .deliveries(let deliveries): return deliveries
            case .ended(let error): throw error.during(.receive)
            case .nothing(let due):
                let end = deadline ?? server.time.deadline(after: wait)
                deadline = end
                guard let waiting = waiter else {
                    if uptime >= end { return [] }
                    waiter = Waiter()
                    continue
                }
                try await pause(waiting, until: end, due: due)
                waiter = server.time.uptime >= end ? nil : Waiter()
            }
        }
    }

    /// Waits for a message, for the moment when a delayed one is due, or for the end.
    private func pause(
        _ waiter: Waiter<Void>, until end: Duration, due: Timestamp?
    ) async throws(BrokerError) {
        let time = server.time
        // The moment is read before the date: where time passes between them, this wakes too early, and looks again.
        let uptime = time.uptime
        let moment = due.map { min(end, uptime + max(.zero, $0 - time.now)) } ?? end
        let outcome = await waiter.wait(until: moment, on: time)
        if case .value = outcome { return }
        server.change { state, effects in state.stopWaiting(id, waiter, &effects) }
        if case .cancelled = outcome { throw Self.cancelled }
    }

    private static let cancelled = BrokerError(.cancelled, "the task that received was cancelled", during: .receive)

    private func take(upTo limit: Int, waiter: Waiter<Void>?, uptime: Duration) -> ServerState.Found {
        let time = server.time
        return server.change { state, effects in
            state.receive(id, upTo: limit, waiter: waiter, uptime: uptime, now: { time.now }, &effects)
        }
    }

    func holds(_ receipt: Receipt) -> Bool { cells.holds(receipt) }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        let time = server.time
        let moment = ServerState.Moment(uptime: time.uptime) { time.now }
        let outcomes = server.change { state, effects in state.settle(id, settlements, at: moment, &effects) }
        let isStale = outcomes.allSatisfy { $0 == .stale }
        guard isStale, await server.outlasts(silenceOf: broker.connection) else { return outcomes }
        return await settle(settlements)
    }

    @inline(__always) func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        let outcome = settleNow(receipt, as: settlement)
        if case .stale = outcome { return await settleOnceAnswered(receipt, as: settlement) }
        return outcome
    }

    /// What is stale, or gets no answer, once there is one.
    private func settleOnceAnswered(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        while await server.outlasts(silenceOf: broker.connection) {
            let outcome = settleNow(receipt, as: settlement)
            if outcome != .stale { return outcome }
        }
        return .stale
    }

    @inline(__always) private func settleNow(_ receipt: Receipt, as settlement: Settlement) -> SettlementOutcome {
        if case .accept = settlement { return accept(receipt) }
        let time = server.time
        let moment = ServerState.Moment(uptime: time.uptime) { time.now }
        return server.change { state, effects in state.settle(id, receipt, as: settlement, at: moment, &effects) }
    }

    /// Reads the clock only where it is asked for: it would cost as much as the rest.
    private func accept(_ receipt: Receipt) -> SettlementOutcome {
        let uptime = server.hasSettleLag ? server.time.uptime : .zero
        return server.change { state, effects in state.accept(id, receipt, at: uptime, &effects) }
    }

    func stop() async { server.change { state, effects in state.stop(id, &effects) } }

    func cancel() async {
        let error = BrokerError.ended(.cancelled, "this consumer was cancelled")
        server.change { state, effects in state.cancel(id, counting: 0, because: error, &effects) }
    }
}
