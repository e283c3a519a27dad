import Messaging
import Synchronization

/// Writes settlements, and sees that each is written: one that fails is repeated until it is, or its hold is gone.
final class Settler: Sendable {
    private struct Postponed: Sendable {
        var settlement: ReceiptSettlement
        var tries: Int
        var due: Duration
    }

    private struct State: Sendable {
        var postponed: [Postponed] = []
        /// How many calls are under way whose outcome may be a postponed settlement.
        var writing = 0
    }

    let consumer: any MessageConsumer
    private let counters: HubCounters
    private let observer: HubObserver
    private let time: any TimeSource
    private let state = Lock(State())
    private static let unanswered = SettlementOutcome.failed(
        BrokerError(.brokerFailure, "settlement without an answer"))

    /// `time` is for waiting between the repetitions.
    init(_ consumer: any MessageConsumer, counters: HubCounters, observer: HubObserver, time: any TimeSource) {
        self.consumer = consumer
        self.counters = counters
        self.observer = observer
        self.time = time
    }

    /// Whether settlements wait to be repeated.
    var hasPostponed: Bool { state.withLock { !$0.postponed.isEmpty } }

    /// Whether there is anything that was taken and is not written: it waits to be repeated, or is being written.
    var isBusy: Bool { state.withLock { !$0.postponed.isEmpty || $0.writing > 0 } }

    /// Writes what a worker has gathered.
    func flush(_ slot: WorkerSlot) async {
        guard slot.isDirty else { return }
        state.withLock { $0.writing += 1 }
        let (settlements, accepted) = slot.take()
        if !settlements.isEmpty { await settle(settlements, accepted: accepted, tries: 0) }
        state.withLock { $0.writing -= 1 }
    }

    /// Repeats what has failed and is due, or all of it.
    func repeatFailed(all: Bool = false) async {
        let now = time.uptime
        let due: [Postponed] = state.withLock { state in
            let due = state.postponed.filter { all || $0.due <= now }
            if due.isEmpty { return due }
            state.postponed.removeAll { all || $0.due <= now }
            state.writing += 1
            return due
        }
        if due.isEmpty { return }
        defer { state.withLock { $0.writing -= 1 } }
        for entry in due {
            let isAccepted = if case .accept = entry.settlement.settlement { true } else { false }
            await settle([entry.settlement], accepted: isAccepted ? 1 : 0, tries: entry.tries)
        }
    }

    /// Writes one settlement now, and says what became of it; counts it, repeats nothing.
    func settleNow(_ receipt: Receipt, _ settlement: Settlement) async -> SettlementOutcome {
        let outcome = await consumer.settle(receipt, as: settlement)
        switch outcome {
        case .settled: break
        case .stale:
            counters.stale.add(1)
            observer.notSettled(receipt, nil)
        case .failed(let error):
            counters.settleFailed.add(1)
            observer.notSettled(receipt, error)
        }
        return outcome
    }

    /// Writes settlements, of which the first so many are acceptances.
    private func settle(_ settlements: [ReceiptSettlement], accepted: Int, tries: Int) async {
        let outcomes = await consumer.settle(settlements)
        var handled = 0
        for index in settlements.indices {
            if index < outcomes.count, case .settled = outcomes[index] {
                if index < accepted { handled += 1 }
            } else {
                note(index < outcomes.count ? outcomes[index] : Self.unanswered, of: settlements[index], tries: tries)
            }
        }
        if handled > 0 { counters.handled.add(handled) }
    }

    private func note(_ outcome: SettlementOutcome, of settlement: ReceiptSettlement, tries: Int) {
        switch outcome {
        case .settled: break
        case .stale:
            counters.stale.add(1)
            observer.notSettled(settlement.receipt, nil)
        case .failed(let error):
            counters.settleFailed.add(1)
            observer.notSettled(settlement.receipt, error)
            postpone(settlement, after: error, tries: tries)
        }
    }

    /// What fails for good is released instead, so that it comes again; where that fails too, the end of the hold does
    /// the same.
    private func postpone(_ settlement: ReceiptSettlement, after error: BrokerError, tries: Int) {
        guard consumer.holds(settlement.receipt) else { return }
        var settlement = settlement
        if !error.isRetryable {
            if case .release = settlement.settlement { return }
            settlement.settlement = .release
        }
        let due = time.uptime + min(.milliseconds(50) * (1 << min(tries, 6)), .seconds(2))
        state.withLock { $0.postponed.append(Postponed(settlement: settlement, tries: tries + 1, due: due)) }
    }
}
