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
        watch = HoldWatch(broker.server, consumer: id, maxHold: subscription.maxHold)
    }

    deinit {
        watch.end()
        broker.server.change { state, effects in state.forget(id, &effects) }
    }

    /// What a receive waits with. What does not wait itself changes it, so that one that waits, as those of most consumers
    /// do, keeps no room for the rest.
    private struct Turn {
        /// When it ends without a message, once that was asked for.
        var end: Duration?
        /// How it is woken; nil: it has not found out yet that there is nothing.
        var waiter: Waiter<Void>?
        /// What wakes it when it is to look again.
        var alarm: Alarm?
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        if Task.isCancelled { throw Self.cancelled }
        var turn = Turn()
        while true {
            if let deliveries = try look(upTo: limit, within: wait, &turn) { return deliveries }
            guard let waiter = turn.waiter else { return [] }
            try go(on: &turn, after: await waiter.wait())
        }
    }

    /// What there is; nil: it is to wait, for a message, for the moment when a delayed one is due, or for the end.
    @inline(never) private func look(
        upTo limit: Int, within wait: Duration, _ turn: inout Turn
    ) throws(BrokerError) -> [Delivery]? {
        let time = server.time
        while true {
            var uptime = time.uptime
            switch take(upTo: max(1, limit), waiter: turn.waiter, uptime: uptime) {
            case .deliveries(let deliveries):
                if !isPubSub { watch.begin() }
                return deliveries
            case .ended(let error): throw error.during(.receive)
            case .nothing(let due):
                let end = turn.end ?? time.deadline(after: wait)
                turn.end = end
                guard let waiter = turn.waiter else {
                    if uptime >= end { return [] }
                    turn.waiter = Waiter()
                    continue
                }
                // The moment is read before the date: where time passes between them, this wakes too early, and looks again.
                uptime = time.uptime
                let moment = due.map { min(end, uptime + max(.zero, $0 - time.now)) } ?? end
                turn.alarm = time.alarm(at: moment) { waiter.expire() }
                return nil
            }
        }
    }

    /// The wait is over. Once the time is up it looks one last time, without a waiter.
    @inline(never) private func go(on turn: inout Turn, after outcome: Waiter<Void>.Outcome) throws(BrokerError) {
        if let alarm = turn.alarm { server.time.silence(alarm) }
        if case .value = outcome {} else { try giveUp(turn.waiter, after: outcome) }
        let isOver = turn.end.map { server.time.uptime >= $0 } ?? true
        turn.waiter = isOver ? nil : Waiter()
    }

    private func giveUp(_ waiter: Waiter<Void>?, after outcome: Waiter<Void>.Outcome) throws(BrokerError) {
        if let waiter { server.change { state, effects in state.stopWaiting(id, waiter, &effects) } }
        if case .cancelled = outcome { throw Self.cancelled }
        watch.rest()
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
