import Messaging
import MessagingReliability

/// How long after a message its last copy may come on a bridge, and by which setting: a delivery that is held for as long as
/// may be and then handed out again, a failed run that is repeated, a publish of unknown outcome that is.
struct LastCopy: Sendable {
    /// How long after the first.
    let after: Duration
    /// The setting that says so, with its route: `max-hold of route orders`.
    let setting: String

    init(from source: Route, to target: Route) {
        let route = source.configuration
        let retry = ([route.retry] + route.retryByType.values).map(\.longestDelay).max() ?? .zero
        let times = [
            (route.maxHold, "max-hold", source), (retry, "the longest delay in retry", source),
            (route.publishDeadline, "deadline in publish", source),
            (target.configuration.publishDeadline, "deadline in publish", target),
        ]
        let last = times.max { $0.0 < $1.0 }
        after = last?.0 ?? .zero
        setting = last.map { "\($0.1) of route \($0.2.name)" } ?? ""
    }
}
