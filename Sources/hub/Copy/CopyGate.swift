import Messaging

/// Lets messages through to the target until there is a reason to stop; what is on its way then still arrives.
///
/// Of a limit each message that enters takes a place, and gives it back where nothing became of it: so exactly as many as the
/// limit says arrive, as long as there are so many.
final class CopyGate: Sendable {
    fileprivate struct State: Sendable {
        var limit: Int
        /// Messages that have been through for good.
        var passed = 0
        var active = 0
        var isStopped = false
        var problem: BrokerError?
        var waiting: [Waiter<Void>] = []
        /// Those that may enter once another one gives its place back.
        var queued: [Waiter<Void>] = []
    }

    private let state: Lock<State>

    /// Lets this many through at most.
    init(limit: Int?) { state = Lock(State(limit: limit ?? .max)) }

    /// Whether nothing more is to be tried: it was closed for a problem, or from without.
    var isStopped: Bool { state.withLock { $0.isStopped } }
    /// Why it was closed, where that is an error.
    var problem: BrokerError? { state.withLock { $0.problem } }
    /// Whether no more may enter, whatever becomes of those that have.
    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Whether no more may enter for now.
    var isFull: Bool { state.withLock { $0.isFull } }

    /// Whether one more has entered; false where that is not possible for now.
    func enter() -> Bool {
        state.withLock { state in
            if state.isFull { return false }
            state.active += 1
            return true
        }
    }

    /// The same once it is known whether there is a place; false where there will be none, or the task is cancelled.
    func enterWhenPossible() async -> Bool {
        while !Task.isCancelled {
            if enter() { return true }
            let waiter = Waiter<Void>()
            let mayBecomeOne = state.withLock { state in
                if state.isClosed { return false }
                // There is one by now.
                if !state.isFull { waiter.resolve(()) } else { state.queued.append(waiter) }
                return true
            }
            if !mayBecomeOne { return false }
            _ = await waiter.wait()
        }
        return false
    }

    /// These have arrived, or not; `givingBack`: nothing became of them, and others may have their places.
    func leave(_ count: Int = 1, givingBack: Bool = false) {
        wake { state in
            state.active -= count
            if !givingBack { state.passed += count }
        }
    }

    /// Lets no more through; the first problem counts.
    func close(_ problem: BrokerError? = nil) {
        wake { state in
            state.isStopped = true
            state.problem = state.problem ?? problem
        }
    }

    /// Returns once it is closed and nothing is on its way, or the task is cancelled.
    func drained() async {
        let waiter = Waiter<Void>()
        let isOver = state.withLock { state in
            if state.isDrained { return true }
            state.waiting.append(waiter)
            return false
        }
        if !isOver { _ = await waiter.wait() }
    }

    private func wake(_ change: @Sendable (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            return state.drain()
        }
        for waiter in woken { waiter.resolve(()) }
    }
}

extension CopyGate.State {
    fileprivate var isClosed: Bool { isStopped || passed >= limit }
    fileprivate var isFull: Bool { isClosed || passed + active >= limit }
    fileprivate var isDrained: Bool { isClosed && active == 0 }

    /// Who may go on now: who waited for it to be drained, and who for a place.
    fileprivate mutating func drain() -> [Waiter<Void>] {
        var woken: [Waiter<Void>] = []
        if isDrained { swap(&woken, &waiting) }
        if isClosed || !isFull {
            woken += queued
            queued = []
        }
        return woken
    }
}

/// When the next message may go, where there is a limit to how many may in a second.
final class CopyPace: Sendable {
    private let gap: Duration
    private let next = Lock(ContinuousClock.now)

    /// This many messages a second; nil: as many as there are.
    init(rate: Double?) { gap = rate.map { .seconds(1 / $0) } ?? .zero }

    /// How many messages may go together: a tenth of a second's.
    var batch: Int { gap == .zero ? .max : max(1, Int(Duration.milliseconds(100) / gap)) }

    /// Returns when these may go; false where that is no longer wanted. What time was not used is not made up for.
    func turn(of count: Int = 1, unless isOver: () -> Bool) async -> Bool {
        if gap == .zero { return true }
        let moment = next.withLock { next in
            next = max(next, .now) + gap * count
            return next - gap
        }
        while ContinuousClock.now < moment {
            if isOver() || Task.isCancelled { return false }
            try? await Task.sleep(until: min(moment, .now + .milliseconds(50)), clock: .continuous)
        }
        return !isOver()
    }
}
