import Messaging
import Synchronization

/// Sees to it that a consumer holds nothing for longer than its subscription allows.
///
/// Apart from the consumer, so that no weak reference to it is needed: an object that ever had one pays for it whenever it
/// is retained, which is for every message.
final class HoldWatch: Sendable {
    private struct State: Sendable {
        var alarm: Alarm?
        /// How many alarms there have been.
        var count = 0
        var hasEnded = false
    }

    private let server: InMemoryServer
    private let consumer: Int
    private let maxHold: Duration
    private let state = Lock(State())
    /// Whether there is an alarm. Ends under the server's lock, so that who has received under it afterwards sees that.
    private let isLooking = Atomic<Bool>(false)

    init(_ server: InMemoryServer, consumer: Int, maxHold: Duration) {
        self.server = server
        self.consumer = consumer
        self.maxHold = maxHold
    }

    /// Something is held since now: looks when that may be over, and from then on for as long as anything is held.
    func begin() {
        if isLooking.load(ordering: .relaxed) || isLooking.exchange(true, ordering: .relaxed) { return }
        look(at: server.time.deadline(after: maxHold))
    }

    /// Nothing has come for a while: looks no more where nothing is held, until something is.
    func rest() {
        if !isLooking.load(ordering: .relaxed) { return }
        let alarm: Alarm? = server.change { serverState, _ in
            guard serverState.consumers[consumer].held == 0 else { return nil }
            isLooking.store(false, ordering: .relaxed)
            return state.withLock { state in
                defer { state.alarm = nil }
                return state.alarm
            }
        }
        if let alarm { server.time.silence(alarm) }
    }

    private func look(at moment: Duration) {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        let alarm = server.time.alarm(at: moment) { self.look() }
        // One at a time: the newest.
        let other: Alarm? = state.withLock { state in
            if state.hasEnded || state.count != number { return alarm }
            defer { state.alarm = alarm }
            return state.alarm
        }
        if let other { server.time.silence(other) }
    }

    /// Looks no more; the consumer is about to be forgotten.
    func end() {
        let alarm = state.withLock { state in
            state.hasEnded = true
            return state.alarm
        }
        if let alarm { server.time.silence(alarm) }
    }

    private func look() {
        let server = server
        let next: Duration? = server.change { serverState, effects in
            if state.withLock({ $0.hasEnded }) { return nil }
            let next = serverState.expireHolds(consumer, at: server.time.uptime, &effects)
            if next == nil { isLooking.store(false, ordering: .relaxed) }
            return next
        }
        if let next { look(at: next) }
    }
}
