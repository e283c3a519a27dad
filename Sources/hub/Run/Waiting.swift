import Messaging
import MessagingHub

/// Waits for what is not there, as long as it takes, and says so once.
///
/// No delivery is held for that until its broker takes it away, which would count as an attempt: half of what it may be held
/// for has passed, and all that wait let go together. Their subscription pauses, and begins again with them.
final class Waiting: Sendable {
    private let name: SubscriptionName
    private let what: String
    private let log: any LogSink
    private let time: any TimeSource
    /// How long a delivery waits in one go; nil where it is held for as long as it takes.
    private let patience: Duration?
    private let isWaiting = Lock(false)
    /// How often all that waited have let go.
    private let rounds = Lock(0)

    /// For a subscription to a topic of this hub.
    init(_ name: SubscriptionName, for what: String, _ log: any LogSink, on hub: MessageHub, _ topic: Topic) {
        self.name = name
        self.what = what
        self.log = log
        time = hub.time
        patience = hub.route(of: topic).flatMap { route in
            route.kind == .pubSub ? nil : min(route.maxHold, route.timeout ?? route.maxHold) / 2
        }
    }

    /// Tries until there is no error to wait for. Throws what a try throws, `CancellationError`, and `PauseSubscription`
    /// where it has waited for long enough.
    func through(_ attempt: () async throws -> BrokerError?) async throws {
        let (round, end) = (rounds.withLock { $0 }, patience.map { time.uptime + $0 })
        // Often enough to let go in time when another one has waited for longer.
        let longest = patience.map { min($0 / 4, Service.longestPause) } ?? Service.longestPause
        var pause = min(Service.shortestPause, longest)
        while let error = try await attempt() {
            note(error)
            let isOver = rounds.withLock { rounds in
                if rounds == round, let end, time.uptime >= end { rounds += 1 }
                return rounds != round
            }
            if isOver { throw PauseSubscription(for: pause) }
            try await time.sleep(for: pause)
            pause = min(pause * 2, longest)
        }
        note(nil)
    }

    private func note(_ error: BrokerError?) {
        let hasChanged = isWaiting.withLock { isWaiting in
            defer { isWaiting = error != nil }
            return isWaiting != (error != nil)
        }
        guard hasChanged else { return }
        let facts = [(name: "hub.subscription", value: name.name)]
        let why = error.map { [(name: "error", value: $0.description)] } ?? []
        let text = error == nil ? "goes on" : "waits for \(what)"
        log.log(LogRecord(error == nil ? .info : .warning, text, facts + why, at: .now))
    }
}
