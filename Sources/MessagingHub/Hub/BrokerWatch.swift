import Messaging

/// What the brokers report by themselves: logged once, remembered, and passed on to the subscriptions that it concerns.
final class BrokerWatch: Sendable {
    private struct State: Sendable {
        var connected: Set<BrokerName> = []
        /// Those that accept nothing for now, and since when, in uptime.
        var blocked: [BrokerName: Duration] = [:]
        var subscriptions: [HubSubscription] = []
        var isClosed = false
    }

    private let state = Lock(State())
    private let log: BufferedLog
    private let counters: HubCounters
    private let time: any TimeSource

    init(_ log: BufferedLog, _ counters: HubCounters, time: any TimeSource) {
        self.log = log
        self.counters = counters
        self.time = time
    }

    /// The subscriptions that have not ended.
    var subscriptions: [HubSubscription] { state.withLock { $0.subscriptions } }

    /// What stands wrong and waits for somebody, by subscription; where several share a label, all of them.
    var alarms: [String: String] {
        let standing = subscriptions.compactMap { subscription in subscription.alarm.map { (subscription.label, $0) } }
        return Dictionary(standing) { "\($0); \($1)" }
    }

    func isConnected(_ broker: BrokerName) -> Bool { state.withLock { $0.connected.contains(broker) } }

    /// How many brokers accept nothing for now.
    var blockedCount: Int { state.withLock { $0.blocked.count } }

    func add(_ subscription: HubSubscription) { state.withLock { $0.subscriptions.append(subscription) } }

    func remove(_ subscription: HubSubscription) {
        state.withLock { $0.subscriptions.removeAll { $0 === subscription } }
    }

    /// No broker is connected any more, and no subscription is left.
    func close() { state.withLock { $0 = State(isClosed: true) } }

    func connected(_ broker: BrokerName) { state.withLock { if !$0.isClosed { $0.connected.insert(broker) } } }

    /// A broker reports something.
    func note(_ event: BrokerEvent, of broker: BrokerName) {
        func write(_ level: LogRecord.Level, _ text: String, _ keys: [(name: String, value: String)] = []) {
            guard log.takes(level) else { return }
            log.log(LogRecord(level, text, [(name: "hub.broker", value: broker.name)] + keys, at: time.now))
        }
        switch event {
        case .up:
            connected(broker)
            write(.info, "broker connected")
        case .down(let error):
            state.withLock { _ = $0.connected.remove(broker) }
            if let taken = unblock(broker) { write(.info, "broker unblocked", [("duration_s", taken.text)]) }
            write(.warning, "broker disconnected", [("error", error.description)])
        case .blocked(let reason):
            if block(broker) { write(.warning, "broker blocked", [("reason", reason)]) }
        case .unblocked:
            if let taken = unblock(broker) { write(.info, "broker unblocked", [("duration_s", taken.text)]) }
        case .gap(let label, let missed):
            let count = missed.map(String.init) ?? "unknown"
            write(.warning, "messages missed", [("subscription", label), ("count", count)])
        case .revoked(let label, let lanes):
            write(.info, "lanes revoked", [("subscription", label), ("lanes", "\(lanes)")])
            for subscription in subscriptions where subscription.label == label { subscription.revoke() }
        case .ended(let label, let error):
            write(.error, "subscription ended by the broker", [("subscription", label), ("error", error.description)])
        }
    }

    /// It accepts nothing from now on; false where that is known.
    private func block(_ broker: BrokerName) -> Bool {
        let now = time.uptime
        let isNews = state.withLock { state in
            if state.isClosed || state.blocked[broker] != nil { return false }
            state.blocked[broker] = now
            return true
        }
        if isNews { counters.brokerBlocks.add(1) }
        return isNews
    }

    /// It accepts again, or is gone; how long it did not, nil where it did.
    private func unblock(_ broker: BrokerName) -> Duration? {
        guard let since = state.withLock({ $0.blocked.removeValue(forKey: broker) }) else { return nil }
        let taken = time.uptime - since
        counters.blockedNanoseconds.add(Int(taken.nanoseconds))
        return taken
    }
}
