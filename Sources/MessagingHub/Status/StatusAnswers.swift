import Messaging

/// What the brokers have answered: how they are, what waits with them, and what is held.
final class StatusAnswers: Sendable {
    /// The answers of one broker. Pure.
    struct Answers: Sendable {
        /// When a question was asked that has no answer yet, in both times; nil where each has one.
        typealias Open = (since: Timestamp, uptime: Duration)

        var health: BrokerHealth?
        var depths: [MetricsReport.Place: DestinationDepth] = [:]
        /// The destinations that it was asked for last, and the first that it is asked for next.
        var places: [MetricsReport.Place] = []
        var next = 0
        var openHealth: Open?
        var openDepth: Open?

        /// Since when it has not said how it is; nil where that is not too long.
        func silent(at uptime: Duration) -> Timestamp? { Self.overdue(openHealth, at: uptime) }

        /// Whether what it has said of its destinations is old.
        func isOld(at uptime: Duration) -> Bool {
            Self.overdue(openHealth, at: uptime) != nil || Self.overdue(openDepth, at: uptime) != nil
        }

        private static func overdue(_ open: Open?, at uptime: Duration) -> Timestamp? {
            open.flatMap { uptime - $0.uptime >= StatusReporting.patience ? $0.since : nil }
        }

        /// The destinations that it is asked for now: the next of all, so that each has its turn.
        mutating func turn(of all: [MetricsReport.Place]) -> [MetricsReport.Place] {
            if Set(all) != Set(places) {
                places = all
                let known = Set(all)
                depths = depths.filter { known.contains($0.key) }
            }
            if places.isEmpty { return [] }
            let count = min(places.count, StatusReporting.mostPlaces)
            let start = next % places.count
            next = (start + count) % places.count
            return (0..<count).map { places[(start + $0) % places.count] }
        }
    }

    private let state = Lock<[BrokerName: Answers]>([:])

    /// All of them, by broker.
    var latest: [BrokerName: Answers] { state.withLock { $0 } }

    /// Changes what is known of a broker.
    func change<Result: Sendable>(_ broker: BrokerName, _ body: @Sendable (inout Answers) -> Result) -> Result {
        state.withLock { body(&$0[broker, default: Answers()]) }
    }
}
