import Messaging

/// Things on their way to the one task that takes them, such as subscriptions to the task that runs them.
final class Arrivals<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var waiting = RingBuffer<Element>()
        var taker: Waiter<Void>?
        var isClosed = false
    }

    private let state = Lock(State())

    /// Adds one; false when no more is taken.
    func add(_ element: Element) -> Bool {
        let (isTaken, taker): (Bool, Waiter<Void>?) = state.withLock { state in
            if state.isClosed { return (false, nil) }
            state.waiting.append(element)
            defer { state.taker = nil }
            return (true, state.taker)
        }
        taker?.resolve(())
        return isTaken
    }

    /// Takes no more; `next` hands out what waits, and then nil.
    func close() {
        let taker: Waiter<Void>? = state.withLock { state in
            state.isClosed = true
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resolve(())
    }

    /// The next one; nil when there will be no more.
    func next() async -> Element? {
        while true {
            let waiter = Waiter<Void>()
            let (next, isClosed): (Element?, Bool) = state.withLock { state in
                let next = state.waiting.popFirst()
                if next == nil, !state.isClosed { state.taker = waiter }
                return (next, state.isClosed)
            }
            if let next { return next }
            if isClosed { return nil }
            _ = await waiter.waitUncancelled()
        }
    }
}
