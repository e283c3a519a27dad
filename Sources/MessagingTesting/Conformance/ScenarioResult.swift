public import Messaging

/// How a scenario ended. There is no fourth way.
public enum ScenarioResult: Sendable {
    /// It holds; through these emulations of the backend, with what each costs, and without what could not be measured
    /// here, each with its reason (`not measured: …`).
    case passed(emulations: [String])
    /// It does not hold.
    case failed(ScenarioViolation)
    /// It was not run, for this reason.
    case excluded(reason: String)
}

/// What a broker did that it must not do, or did not do that it must.
public struct ScenarioViolation: Error, Sendable, CustomStringConvertible {
    /// Which scenario.
    public let scenario: Scenario
    /// For which kind.
    public let kind: DestinationKind
    /// What was seen, and what should have been.
    public let sentence: String
    /// Draws the same numbers again.
    public let seed: UInt64
    /// The entries of the history that show it, in their order.
    public let excerpt: [String]
    /// What was published, confirmed, delivered and settled, by whom and when: the last 1,024 entries, in their order.
    public let history: [String]
    /// What the run made and could not remove, in a sentence; nil: nothing stays.
    public internal(set) var remains: String?

    /// What was seen, and the entries that show it: one line each.
    public var description: String {
        (["\(scenario)", "    \(kind): \(sentence) (seed \(seed))"] + excerpt.map { "      \($0)" }
            + besides.map { "    \($0)" })
            .joined(separator: "\n")
    }

    /// What stays, where that is not all that it fails with.
    package var besides: [String] { remains.map { $0 == sentence ? [] : ["besides, \($0)"] } ?? [] }

    /// The description, and below it the whole history.
    public var report: String {
        ([description, "    the last \(history.count) entries of the history:"] + history.map { "      \($0)" })
            .joined(separator: "\n")
    }
}

/// A sentence about what was seen, and the messages that it is about.
package struct ScenarioFailure: Error, CustomStringConvertible {
    package let description: String
    package let messages: Set<MessageID>

    package init(_ sentence: String, about messages: some Sequence<MessageID> = EmptyCollection<MessageID>()) {
        description = sentence
        self.messages = Set(messages)
    }
}
