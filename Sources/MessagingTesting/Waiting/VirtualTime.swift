public import Messaging

/// A clock that moves when a test says so.
public final class VirtualTime: TimeSource {
    private struct State: Sendable {
        var uptime: Duration = .zero
        var alarms = AlarmQueue()
    }

    /// Where `now` began: 2026-01-01T00:00:00Z.
    public static let beginning = Timestamp(milliseconds: 1_767_225_600_000)
    private let state = Lock(State())
    private let alarmsSet = Observed(0)

    /// A clock that stands at its beginning.
    public init() {}

    /// The moment it stands at.
    public var now: Timestamp { Self.beginning + uptime }
    /// How far it has moved.
    public var uptime: Duration { state.withLock { $0.uptime } }

    /// Rings when the clock is moved to this moment or beyond; at once when it stands there already.
    public func alarm(at uptime: Duration, _ action: @escaping @Sendable () -> Void) -> Alarm {
        let (alarm, due) = state.withLock { state in
            let alarm = state.alarms.add(at: uptime, action)
            return (alarm, uptime <= state.uptime ? state.alarms.popDue(at: state.uptime)?.action : nil)
        }
        alarmsSet.change { $0 += 1 }
        due?()
        return alarm
    }

    /// Forgets an alarm.
    public func silence(_ alarm: Alarm) { state.withLock { $0.alarms.remove(alarm) } }

    /// Moves the clock, ringing each alarm at its moment, also those that are set meanwhile.
    public func advance(by duration: Duration) {
        let target = uptime + duration
        while let action = step(to: target) { action() }
        state.withLock { $0.uptime = max($0.uptime, target) }
    }

    /// When the next alarm rings; nil when there is none.
    public var nextAlarm: Duration? { state.withLock { $0.alarms.next() } }

    /// How many alarms have been set since it was made, silenced and rung ones among them.
    public var alarmCount: Int { alarmsSet.value }

    /// Waits until so many alarms have been set since it was made: the code under test sleeps, and it is time to
    /// `advance`. False when they were not within `limit` of the machine's time.
    @discardableResult public func waits(forAlarms count: Int, within limit: Duration) async -> Bool {
        await alarmsSet.first(within: limit) { $0 >= count } != nil
    }

    /// Waits until the next alarm rings at this moment or before: the code under test sleeps for so long. False when it
    /// did not within `limit` of the machine's time.
    @discardableResult package func waits(forAlarmBy moment: Duration, within limit: Duration) async -> Bool {
        await alarmsSet.first(within: limit) { _ in self.nextAlarm.map { $0 <= moment } ?? false } != nil
    }

    private func step(to target: Duration) -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard let due = state.alarms.popDue(at: target) else { return nil }
            state.uptime = max(state.uptime, due.moment)
            return due.action
        }
    }
}
