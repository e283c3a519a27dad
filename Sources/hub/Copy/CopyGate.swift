import Messaging

/// Lets messages through to the target until there is a reason to stop; what is on its way then still arrives.
final class CopyGate: Sendable {
    fileprivate struct State: Sendable {
        var entered = 0
        var active = 0
        var isClosed = false
        var problem: BrokerError?
        var waiting: [Waiter<Void>] = []
    }

    private let limit: Int
    private let state = Lock(State())

    /// Lets this many through at most.
    init(limit: Int?) { self.limit = limit ?? .max }

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
            state.isClosed = true
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

    /// Returns when these may go; what time was not used is not made up for. Throws when the task is cancelled.
    func turn(of count: Int = 1) async throws {
        if gap == .zero { return }
        let moment = next.withLock { next in
            let moment = max(next, .now)
            next = moment + gap * count
            return moment
        }
        try await Task.sleep(until: moment, clock: .continuous)
    }
}
