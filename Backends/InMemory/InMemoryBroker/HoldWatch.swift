import Messaging

/// Sees to it that a consumer holds nothing for longer than its subscription allows.
///
/// Apart from the consumer, so that no weak reference to it is needed: an object that ever had one pays for it whenever it
/// is retained, which is for every message.
final class HoldWatch: Sendable {
    private struct State: Sendable {
        var alarm: Alarm?
        var hasEnded = false
    }

    private let server: InMemoryServer
    private let consumer: Int
    private let state = Lock(State())

    init(_ server: InMemoryServer, consumer: Int) {
        self.server = server
        self.consumer = consumer
    }

    /// Looks at this moment, when the oldest hold may be over, and from then on whenever one may be.
    func look(at moment: Duration) {
        let alarm = server.time.alarm(at: moment) { self.look() }
        let hasEnded = state.withLock { state in
            state.alarm = alarm
            return state.hasEnded
        }
        if hasEnded { server.time.silence(alarm) }
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
            return serverState.expireHolds(consumer, at: server.time.uptime, &effects)
        }
        if let next { look(at: next) }
    }
}
