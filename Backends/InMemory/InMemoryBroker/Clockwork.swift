import Messaging

/// When a server looks for what has expired, though nobody asks for it.
struct Clockwork: Sendable {
    private(set) var moment: Timestamp?
    private(set) var alarm: Alarm?

    /// Whether an alarm is to be made for this moment, because there is none before it.
    mutating func isToLook(at moment: Timestamp) -> Bool {
        if let next = self.moment, next <= moment { return false }
        self.moment = moment
        return true
    }

    /// There is an alarm for a moment; the one that is not needed any more.
    mutating func replace(_ alarm: Alarm, for moment: Timestamp) -> Alarm? {
        guard self.moment == moment else { return alarm }
        defer { self.alarm = alarm }
        return self.alarm
    }

    /// The moment has come, or nobody is left to look for; the alarm that is not needed any more.
    mutating func stop(at moment: Timestamp? = nil) -> Alarm? {
        if let moment, self.moment != moment { return nil }
        defer { (self.moment, alarm) = (nil, nil) }
        return moment == nil ? alarm : nil
    }
}

extension InMemoryServer {
    /// Looks for what has expired at this moment.
    func look(at moment: Timestamp) {
        guard clockwork.withLock({ $0.isToLook(at: moment) }) else { return }
        let alarm = time.alarm(at: time.deadline(after: max(.zero, moment - time.now))) { [self] in
            _ = clockwork.withLock { $0.stop(at: moment) }
            let moment = ServerState.Moment(uptime: time.uptime) { [time] in time.now }
            change { state, effects in state.expire(at: moment, &effects) }
        }
        if let other = clockwork.withLock({ $0.replace(alarm, for: moment) }) { time.silence(other) }
    }

    /// Looks no more where nobody is connected: an alarm would keep the server in memory.
    func restIfAlone() {
        guard state.withLock({ $0.isAlone }), let alarm = clockwork.withLock({ $0.stop() }) else { return }
        time.silence(alarm)
    }
}
