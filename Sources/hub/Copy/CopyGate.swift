import Messaging

/// Lets messages through to the target until there is a reason to stop; what is on its way then still arrives.
final class CopyGate: Sendable {
    fileprivate struct State: Sendable {
        var entered = 0
        var active = 0
        var isClosed = false
        var isStopped = false
        var problem: BrokerError?
        var waiting: [Waiter<Void>] = []
    }

    private let limit: Int
    private let state = Lock(State())

    /// Lets this many through at most.
    init(limit: Int?) { self.limit = limit ?? .max }

    /// Whether nothing more is to be tried: it was closed for a problem, or from without.
    var isStopped: Bool { state.withLock { $0.isStopped } }
    /// Why it was closed, where that is an error.
    var problem: BrokerError? { state.withLock { $0.problem } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// How many of these may enter; 0 where it is closed. The last of the limit closes it.
    func enter(_ count: Int = 1) -> Int {
        let (entered, waiting): (Int, [Waiter<Void>]) = state.withLock { state in
            if state.isClosed { return (0, []) }
            let count = min(count, limit - state.entered)
            state.entered += count
            state.active += count
            if state.entered == limit { state.isClosed = true }
            return (count, state.drain())
        }
        for waiter in waiting { waiter.resolve(()) }
        return entered
    }

    /// These have arrived, or not.
    func leave(_ count: Int = 1) {
        let waiting: [Waiter<Void>] = state.withLock { state in
            state.active -= count
            return state.drain()
        }
        for waiter in waiting { waiter.resolve(()) }
    }

    /// Lets no more through; the first problem counts.
    func close(_ problem: BrokerError? = nil) {
        let waiting: [Waiter<Void>] = state.withLock { state in
            (state.isClosed, state.isStopped) = (true, true)
            state.problem = state.problem ?? problem
            return state.drain()
        }
        for waiter in waiting { waiter.resolve(()) }
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
}

extension CopyGate.State {
    fileprivate var isDrained: Bool { isClosed && active == 0 }

    /// Who waited for it to be drained, once it is.
    fileprivate mutating func drain() -> [Waiter<Void>] {
        if !isDrained { return [] }
        defer { waiting = [] }
        return waiting
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
