import Messaging

/// Something that happens once, and that any number of tasks can wait for.
final class Signal: Sendable {
    private struct State: Sendable {
        var isFired = false
        var count = 0
        var waiters: [Int: Waiter<Void>] = [:]

        /// With the last of them goes the room that they took.
        mutating func forget(_ number: Int) {
            waiters[number] = nil
            if waiters.isEmpty { waiters = [:] }
        }
    }

    private let state = Lock(State())

    /// Whether it has happened.
    var isFired: Bool { state.withLock { $0.isFired } }

    /// It happens; harmless when repeated.
    func fire() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            state.isFired = true
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resolve(()) }
    }

    /// Waits until it happens; false when the limit has passed, or the task was cancelled, before.
    @discardableResult
    func wait(atMost limit: Duration? = nil, on time: any TimeSource) async -> Bool {
        await wait(until: limit.map { time.deadline(after: $0) }, on: time)
    }

    /// The same up to a moment of the clock's uptime; nil: without a limit.
    func wait(until moment: Duration?, on time: any TimeSource) async -> Bool {
        let waiter = Waiter<Void>()
        guard let number = add(waiter) else { return true }
        let outcome = if let moment { await waiter.wait(until: moment, on: time) } else { await waiter.wait() }
        state.withLock { $0.forget(number) }
        if case .value = outcome { return true }
        return isFired
    }

    /// Waits until it happens, also when the task is cancelled.
    func waitUncancelled() async {
        let waiter = Waiter<Void>()
        if add(waiter) != nil { _ = await waiter.waitUncancelled() }
    }

    /// Waits until any of them happens, also when the task is cancelled.
    static func waitForAny(of signals: [Signal]) async {
        let waiter = Waiter<Void>()
        var numbers: [(Signal, Int)] = []
        for signal in signals {
            // What has happened already leaves the others to be told in vain.
            if let number = signal.add(waiter) { numbers.append((signal, number)) } else { waiter.resolve(()) }
        }
        _ = await waiter.waitUncancelled()
        for (signal, number) in numbers { signal.state.withLock { $0.forget(number) } }
    }

    private func add(_ waiter: Waiter<Void>) -> Int? {
        state.withLock { state in
            if state.isFired { return nil }
            state.count += 1
            state.waiters[state.count] = waiter
            return state.count
        }
    }
}
