import Messaging
import Synchronization

/// Counts the connections of one broker: the hub's own, and those of the backend that come back by themselves.
final class ConnectionCounter: Sendable {
    private let counters: HubCounters
    private let isLost = Atomic<Bool>(false)

    init(_ counters: HubCounters) { self.counters = counters }

    /// The hub connects.
    func begin() { counters.connectionAttempts.add(1) }

    /// It has connected, or not.
    func end(isConnected: Bool) {
        if isConnected { counters.connectionSuccesses.add(1) } else { counters.connectionFailures.add(1) }
    }

    /// The backend reports something.
    func note(_ event: BrokerEvent) {
        switch event {
        case .down: isLost.store(true, ordering: .relaxed)
        case .up where isLost.exchange(false, ordering: .relaxed):
            begin()
            end(isConnected: true)
        default: break
        }
    }
}
