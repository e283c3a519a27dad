import Messaging

/// The intake of a destination without order: every worker claims from the same batch. The one that finds it used up
/// receives the next; the others wait, and each that sets out wakes one more, until somebody receives again.
final class SharedIntake: Intake {
    private struct State: Sendable {
        var batch = Batch.empty
        var isReceiving = false
        var isWaking = false
        var isEnded = false
        var parked: [Waiter<Void>] = []
        /// How many workers have begun, and the one that is beginning.
        var begun = 1
        var beginning: Int?
        var limit: Int
        var receivedAt = Duration.zero
    }

    private enum Step: Sendable {
        case take(Batch, wake: Waiter<Void>?)
        case receive(Int)
        case park(Waiter<Void>)
        case leave(wake: Waiter<Void>?)
    }

    private let reception: Reception
    private let workers: Int
    private let fewest: Int
    private let state: Lock<State>
    /// How many workers wait, and whether one receives.
    var waiting: (parked: Int, isReceiving: Bool) { state.withLock { ($0.parked.count, $0.isReceiving) } }

    /// An intake for this many workers; `first` has been received already.
    init(_ reception: Reception, workers: Int, first: Batch = .empty) {
        self.reception = reception
        self.workers = workers
        fewest = min(workers, Reception.most)
        state = Lock(State(batch: first, limit: min(workers, Reception.most), receivedAt: first.receivedAt))
    }

    func next(for worker: Int) async -> Batch? {
        var wasWoken = false
        while true {
            switch step(worker, wasWoken: wasWoken) {
            case .take(let batch, let wake):
                wake?.resolve(())
                return batch
            case .leave(let wake):
                wake?.resolve(())
                return nil
            case .receive(let limit):
                guard let batch = await receive(upTo: limit) else { return nil }
                return batch
            case .park(let waiter):
                if case .value = await waiter.wait(on: reception.time) { wasWoken = true } else { return leave(waiter) }
            }
        }
    }

    func withdraw() -> [Delivery] {
        let batch = state.withLock { $0.batch }
        if batch.isExhausted { return [] }
        let rest = batch.claimRest()
        let lost = rest.filter { !reception.consumer.holds($0.receipt) }
        let kept = Batch(
            rest.filter { reception.consumer.holds($0.receipt) }, receivedAt: batch.receivedAt)
        let wake = state.withLock { state in
            // What is received meanwhile replaces the batch: then what is kept goes back with what is lost.
            if state.batch !== batch || state.isReceiving { return (true, nil as Waiter<Void>?) }
            state.batch = kept
            return (false, wakeOne(&state))
        }
        wake.1?.resolve(())
        return wake.0 ? rest : lost
    }

    private func step(_ worker: Int, wasWoken: Bool) -> Step {
        state.withLock { state in
            if wasWoken { state.isWaking = false }
            noteThere(worker, &state)
            if state.isEnded || Task.isCancelled {
                return .leave(wake: wakeOne(&state))
            }
            if !state.batch.isExhausted { return .take(state.batch, wake: wakeOne(&state)) }
            if !state.isReceiving {
                state.isReceiving = true
                return .receive(nextLimit(&state))
            }
            let waiter = Waiter<Void>()
            state.parked.append(waiter)
            return .park(waiter)
        }
    }

    /// A worker that has begun is there, and not on the way any more.
    private func noteThere(_ worker: Int, _ state: inout State) {
        guard state.beginning == worker else { return }
        state.beginning = nil
        state.isWaking = false
    }

    /// Many at once where handlers are quick; where they are slow, no more than can be run, so that other consumers of
    /// the queue get their share.
    private func nextLimit(_ state: inout State) -> Int {
        let elapsed = reception.time.uptime - state.receivedAt
        state.limit = elapsed < .milliseconds(5) ? min(state.limit * 2, Reception.most) : fewest
        return state.limit
    }

    func leave(_ worker: Int) {
        let wake: Waiter<Void>? = state.withLock { state in
            noteThere(worker, &state)
            return wakeOne(&state)
        }
        wake?.resolve(())
    }

    private func receive(upTo limit: Int) async -> Batch? {
        var outcome = await reception.receive(upTo: limit)
        let now = reception.time.uptime
        let batch: Batch? =
            if let deliveries = outcome.takeDeliveries() { Batch(consume deliveries, receivedAt: now) } else { nil }
        let (next, woken): (Batch?, [Waiter<Void>]) = state.withLock { [outcome] state in
            state.isReceiving = false
            switch outcome {
            case .none where !mayRest(state): return (.empty, wakeOne(&state).map { [$0] } ?? [])
            case .none, .ended:
                state.isEnded = true
                defer { state.parked = [] }
                return (nil, state.parked)
            case .deliveries, .cancelled: break
            }
            if let batch {
                state.batch = batch
                state.receivedAt = now
            }
            return (batch, wakeOne(&state).map { [$0] } ?? [])
        }
        for waiter in woken { waiter.resolve(()) }
        return next
    }

    /// Nobody works, and nobody is on the way to.
    private func mayRest(_ state: State) -> Bool {
        state.parked.count == state.begun - 1 && state.beginning == nil && state.batch.isExhausted
            && reception.loop?.rests() == true
    }

    /// Somebody to work on what is left, or to receive; nil when somebody is on the way, or somebody receives already and
    /// nothing is left. Where nobody waits, a worker begins.
    private func wakeOne(_ state: inout State) -> Waiter<Void>? {
        if state.isWaking && !state.isEnded { return nil }
        if state.isReceiving && state.batch.isExhausted && !state.isEnded { return nil }
        if let waiter = state.parked.popLast() {
            state.isWaking = true
            return waiter
        }
        if state.begun < workers, !state.isEnded {
            state.isWaking = true
            state.beginning = state.begun
            state.begun += 1
            reception.loop?.begin(state.begun - 1)
        }
        return nil
    }

    /// A parked worker's task was cancelled. If it was woken just then, the next one goes in its place.
    private func leave(_ waiter: Waiter<Void>) -> Batch? {
        let wake: Waiter<Void>? = state.withLock { state in
            if let index = state.parked.firstIndex(where: { $0 === waiter }) {
                state.parked.remove(at: index)
                return nil
            }
            state.isWaking = false
            return wakeOne(&state)
        }
        wake?.resolve(())
        return nil
    }
}
