import Messaging

/// What moves in a test hub in memory, and who waits for it to stand still.
///
/// Two things move: jobs that are ready or run, and runs of handlers. A run that waits for the hub's clock stands still;
/// one that waits for anything else does not, because nobody here can tell when that comes.
final class Activity: Sendable {
    /// How still it must be.
    enum Stillness: Sendable {
        /// No job is ready.
        case idle
        /// No job is ready, and every run waits for the clock.
        case settled
    }

    private struct Run: Sendable {
        var alarms = 0
        var isHalted = false
        var stands: Bool { alarms > 0 || isHalted }
    }

    private struct State: Sendable {
        var jobs = 0
        var runs: [Int: Run] = [:]
        var waits: [Int: (stillness: Stillness, waiter: Waiter<Void>)] = [:]
        var count = 0

        func isStill(_ stillness: Stillness) -> Bool {
            switch stillness {
            case .idle: jobs == 0
            case .settled: jobs == 0 && runs.values.allSatisfy(\.stands)
            }
        }

        /// Takes out those whose wait is over.
        mutating func due() -> [Waiter<Void>] {
            if jobs > 0 || waits.isEmpty { return [] }
            let due = waits.filter { isStill($0.value.stillness) }
            for number in due.keys { waits[number] = nil }
            return due.values.map(\.waiter)
        }
    }

    /// The run that the current task belongs to.
    @TaskLocal static var run: Int?
    private let state = Lock(State())

    /// Waits until it is as still as this; false when it was not within so much of the machine's time, or the task was
    /// cancelled.
    func wait(for stillness: Stillness, within limit: Duration) async -> Bool {
        let waiter = Waiter<Void>()
        let number: Int? = state.withLock { state in
            if state.isStill(stillness) { return nil }
            state.count += 1
            state.waits[state.count] = (stillness, waiter)
            return state.count
        }
        guard let number else { return true }
        let outcome = await waiter.wait(atMost: limit, on: SystemTime.shared)
        state.withLock { $0.waits[number] = nil }
        if case .value = outcome { return true }
        return false
    }

    /// A job is ready.
    func jobBegins() { change { $0.jobs += 1 } }
    /// A job has run.
    func jobEnds() { change { $0.jobs -= 1 } }
    /// A run begins.
    func runBegins(_ run: Int) { change { $0.runs[run] = Run() } }
    /// A run has ended.
    func runEnds(_ run: Int) { change { $0.runs[run] = nil } }
    /// A run does not go on before the hub ends.
    func halt(_ run: Int) { change { $0.runs[run]?.isHalted = true } }
    /// A run waits for the clock.
    func alarmSet(_ run: Int) { change { $0.runs[run]?.alarms += 1 } }
    /// It does not any more.
    func alarmGone(_ run: Int) { change { $0.runs[run]?.alarms -= 1 } }

    private func change(_ edit: (inout State) -> Void) {
        let due: [Waiter<Void>] = state.withLock { state in
            edit(&state)
            return state.due()
        }
        for waiter in due { waiter.resolve(()) }
    }
}
