#if canImport(Glibc)
    import Glibc
    import SwiftOverlayShims
#elseif canImport(Musl)
    import Musl
#endif

/// The machine's clocks. Alarms ring from one task, which this object owns and which sleeps until the earliest.
public final class SystemTime: TimeSource {
    /// The one that is used where nothing else is said.
    public static let shared = SystemTime()

    private struct State: Sendable {
        var alarms = AlarmQueue()
        var sleeper: Task<Void, Never>?
        var wakesAt: Duration?
    }

    /// The standard library's sleep traps on moments centuries away, so the sleeper looks up once a day.
    private static let longestSleep = Duration.seconds(86_400)
    private let start = ContinuousClock.now
    private let state = Lock(State())

    init() {}

    /// The wall clock.
    public var now: Timestamp { .now }

    /// Time since this object was made, sleep of the machine included.
    public var uptime: Duration { ContinuousClock.now - start }

    #if canImport(Glibc) || canImport(Musl)
        /// The kernel's last tick, sleep of the machine left out.
        public var coarseUptime: Duration {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
            return .nanoseconds(Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
        }
    #endif

    /// Calls `action` from a task of this object.
    public func alarm(at uptime: Duration, _ action: @escaping @Sendable () -> Void) -> Alarm {
        state.withLock { state in
            let alarm = state.alarms.add(at: uptime, action)
            scheduleSleeper(&state)
            return alarm
        }
    }

    /// Forgets an alarm.
    public func silence(_ alarm: Alarm) { state.withLock { $0.alarms.remove(alarm) } }

    /// Makes sure that somebody sleeps until the earliest alarm, and no longer.
    private func scheduleSleeper(_ state: inout State) {
        guard let next = state.alarms.next() else { return }
        if let wakesAt = state.wakesAt, wakesAt <= next { return }
        state.sleeper?.cancel()
        state.wakesAt = next
        let moment = start + min(next, uptime + Self.longestSleep)
        state.sleeper = Task { [self] in
            do { try await Task.sleep(until: moment, tolerance: .zero, clock: .continuous) } catch { return }
            ring(at: next)
        }
    }

    /// Rings what is due, outside the lock, and sleeps on. Only the sleeper that is still meant does.
    private func ring(at moment: Duration) {
        while let action = nextDue(for: moment) { action() }
    }

    private func nextDue(for moment: Duration) -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard state.wakesAt == moment else { return nil }
            if let due = state.alarms.popDue(at: uptime) { return due.action }
            state.wakesAt = nil
            state.sleeper = nil
            scheduleSleeper(&state)
            return nil
        }
    }
}
