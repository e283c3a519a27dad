import Messaging

/// The clock of a test hub in memory: it moves when the test says so, and knows which run of a handler waits for it.
final class TestClock: TimeSource {
    /// That a run waits for one alarm; ends once.
    private final class Wait: Sendable {
        private let run: Int
        private let activity: Activity
        private let hasEnded = Lock(false)

        init(_ run: Int, _ activity: Activity) {
            self.run = run
            self.activity = activity
            activity.alarmSet(run)
        }

        func end() {
            let isFirst = hasEnded.withLock { hasEnded in
                defer { hasEnded = true }
                return !hasEnded
            }
            if isFirst { activity.alarmGone(run) }
        }
    }

    private let time = VirtualTime()
    private let activity: Activity
    private let waits = Lock<[Alarm: Wait]>([:])

    init(_ activity: Activity) { self.activity = activity }

    var now: Timestamp { time.now }
    var uptime: Duration { time.uptime }
    /// When the next alarm rings; nil when there is none.
    var nextAlarm: Duration? { time.nextAlarm }

    func alarm(at uptime: Duration, _ action: @escaping @Sendable () -> Void) -> Alarm {
        guard let run = Activity.run else { return time.alarm(at: uptime, action) }
        let wait = Wait(run, activity)
        let alarm = time.alarm(at: uptime) {
            wait.end()
            action()
        }
        waits.withLock { $0[alarm] = wait }
        return alarm
    }

    /// Every wait of ours silences its alarm, rung or not.
    func silence(_ alarm: Alarm) {
        time.silence(alarm)
        waits.withLock { $0.removeValue(forKey: alarm) }?.end()
    }

    /// Moves on to this moment, ringing what is due.
    func advance(to moment: Duration) { time.advance(by: max(.zero, moment - time.uptime)) }
}
