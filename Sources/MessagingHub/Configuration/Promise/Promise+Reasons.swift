import Messaging
import MessagingReliability

/// The table of reasons: everything that limits a guarantee, each with the most that it leaves and the remedy.
extension Promise.Reason {
    // MARK: What loses messages

    static let nobodyListens = Self(.atMostOnce, "whoever does not listen misses it", "make it kind: queue or stream")

    static func loses(_ caution: OptionCaution) -> Self {
        Self(.atMostOnce, caution.sentence, "give that option a value that loses nothing")
    }

    static func serverForgets(_ durability: BrokerDurability) -> Self {
        let remedy = durability.remedy.isEmpty ? "let the server keep it on its disk" : durability.remedy
        return Self(.atMostOnce, "the server keeps nothing when it ends: \(durability.reason)", remedy)
    }

    static let deadLettersAreGone = Self(
        .atMostOnce, "dead letters go to pubsub, where they are gone when nobody listens",
        "send them to a queue or a stream")

    // MARK: What makes copies

    static let nothingIsDeduplicated = Self(
        .atLeastOnce, "a copy is handled again: nothing is deduplicated", "set deduplicate")

    static let storeEnds = Self(
        .atLeastOnce, "what was handled is remembered in memory, which ends with the process",
        "give the hub a deduplication store that outlives it")

    static let workAndMarkAreTwo = Self(
        .atLeastOnce, "a process that dies after its work and before the mark of it does the work again",
        "keep the work and what remembers it in one transaction, and ask for at-least-once")

    static func isRepeated(by route: RouteName) -> Self {
        Self(
            .atLeastOnce, "a publish by route \(route) whose outcome is not known is repeated",
            "set accepts-duplicates: false there, or deduplicate the route of the target")
    }

    static func isBridgedAgain(from route: RouteName) -> Self {
        Self(
            .atLeastOnce, "a copy by route \(route) that comes between a crash and the mark is bridged again",
            "set accepts-duplicates: false there, or deduplicate the route of the target")
    }

    static let otherBroker = Self(
        .atLeastOnce, "a crash after the publish and before the accept makes a copy: the target is on another broker",
        "deduplicate the route of the target")

    static func notOneStep(_ why: String) -> Self {
        Self(
            .atLeastOnce, "a crash after the publish and before the accept makes a copy: \(why)",
            "deduplicate the route of the target")
    }

    static func lags(_ lag: Duration) -> Self {
        Self(
            .atLeastOnce, "a crash may undo what was settled in the last \(lag.optionText)",
            "deduplicate the route of the target")
    }

    /// A copy that may come when its target has forgotten the first.
    static func isForgotten(_ policy: DeduplicationPolicy, by target: RouteName, before last: LastCopy) -> Self {
        let why = "a copy may come \(last.after.optionText) after the first, by \(last.setting),"
        return Self(
            .atLeastOnce, "\(why) and copies are known for \(policy.window.optionText) only",
            "raise window in deduplicate of route \(target) to that, or lower \(last.setting)",
            withoutValues: "a copy may come, by \(last.setting), when the first is not known any more")
    }

    // MARK: What lowers nothing, and is to be known

    static func isDurable(at cost: String) -> Self { Self(nil, "durable \(cost)") }
    static func endsWithProcess(_ reason: String) -> Self { Self(nil, reason) }

    static func isRemembered(_ policy: DeduplicationPolicy) -> Self {
        Self(nil, "copies are known for \(policy.window.optionText), \(policy.maximumKeys) at most")
    }

    static func isGone(after retention: Duration) -> Self {
        Self(nil, "messages older than \(retention.optionText) are gone, read or not")
    }

    static func isDiscarded(after retention: Duration) -> Self {
        Self(nil, "messages that have waited for \(retention.optionText) are gone, unhandled")
    }

    static func beginsLate(_ groups: [GroupName]) -> Self {
        let names = groups.prefix(3).map(\.name).joined(separator: ", ")
        let more = groups.count > 3 ? " and \(groups.count - 3) more" : ""
        let (subject, it) = groups.count == 1 ? ("group", "it") : ("groups", "they")
        let rest = "what was published before \(it) began is not delivered"
        return Self(nil, "\(subject) \(names)\(more): \(rest)")
    }

    /// The same of another place than the route's own: `target archive: …`.
    func at(_ place: String) -> Self {
        Self(limit, "\(place): \(sentence)", remedy, withoutValues: "\(place): \(withoutValues)")
    }
}
