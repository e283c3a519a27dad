package import Messaging

/// What a broker declares, as far as it decides what a history may show.
package struct HistoryRules: Sendable {
    /// What attempt says after a crash or a lost hold.
    package var crashCount: BrokerCapabilities.CrashCount
    /// Whether a release counts as an attempt.
    package var releaseCounts: Bool
    /// How far back a crash may undo settlements.
    package var settleLag: Duration
    /// What survives the end of the server's process.
    package var durableKinds: Set<DestinationKind>

    package init(
        crashCount: BrokerCapabilities.CrashCount = .exact, releaseCounts: Bool = false, settleLag: Duration = .zero,
        durableKinds: Set<DestinationKind> = [.queue, .stream]
    ) {
        self.crashCount = crashCount
        self.releaseCounts = releaseCounts
        self.settleLag = settleLag
        self.durableKinds = durableKinds
    }

    /// What this broker declares.
    package init(_ capabilities: BrokerCapabilities, _ limits: BrokerLimits) {
        self.init(
            crashCount: capabilities.crashCount, releaseCounts: capabilities.releaseCounts, settleLag: limits.settleLag,
            durableKinds: Set(DestinationKind.allCases.filter { capabilities.can(.durable, on: $0) }))
    }
}

/// What a history shows that no honest broker does.
package struct HistoryViolation: Sendable {
    /// What must hold in every run, whatever its scenario is about.
    package enum Rule: String, Sendable, CaseIterable {
        /// What was confirmed, and never settled, expired, purged or deleted, is still there.
        case loss
        /// Nothing is delivered that nobody published, or whose publish was refused.
        case origin
        /// What was settled does not come again in its group, unless a failure may have undone the settlement.
        case duplication
        /// Messages of one publisher and one key come in the order of publishing.
        case order
        /// A settlement in one group changes nothing in another.
        case groups
        /// Attempt is 1, one more after a retry, and after failures what the broker declares.
        case attempts
        /// A receipt that is not held any more is answered `stale`, and changes nothing.
        case settlement
    }

    /// Which rule is broken.
    package var rule: Rule
    /// What was seen, and what should have been.
    package var sentence: String
    /// The messages concerned.
    package var messages: [MessageID]
    /// The numbers of the entries that show it.
    package var entries: [Int]
}

/// Judges a history: a pure function. What it cannot be sure of it does not call a violation.
///
/// Loss is looked for only where a drain, the look of a new connection at everything that is left in a place, has ended;
/// without one the other rules are checked, and a message that never came is not missed.
package struct HistoryChecker {
    let index: HistoryIndex
    let names: @Sendable (MessageID) -> String

    package init(
        _ entries: [HistoryEntry], _ rules: HistoryRules,
        names: @escaping @Sendable (MessageID) -> String = { $0.description }
    ) {
        index = HistoryIndex(entries, rules)
        self.names = names
    }

    /// What the history shows, in its order; at most one violation for each message and rule.
    package var violations: [HistoryViolation] {
        let found = origins + duplicates + afterTheFact + attempts + disorders + losses
        return found.map { withFaults(explained($0)) }.sorted {
            ($0.entries.last ?? 0, $0.rule.rawValue) < ($1.entries.last ?? 0, $1.rule.rawValue)
        }
    }

    func violation(
        _ rule: HistoryViolation.Rule, _ sentence: String, _ ids: [MessageID], _ entries: [Int?]
    ) -> Found {
        Found(
            violation: HistoryViolation(
                rule: rule, sentence: sentence, messages: ids, entries: Set(entries.compactMap { $0 }).sorted()))
    }

    /// A violation, and where it was seen: another group's settlement may explain it.
    struct Found {
        var violation: HistoryViolation
        var strand: HistoryIndex.Strand?
        /// After which entry something must have gone wrong.
        var since = 0

        func at(_ strand: HistoryIndex.Strand, since entry: Int) -> Found {
            var found = self
            found.strand = strand
            found.since = entry
            return found
        }
    }

    /// The entries of a violation with the faults between them.
    private func withFaults(_ violation: HistoryViolation) -> HistoryViolation {
        guard let first = violation.entries.first, let last = violation.entries.last else { return violation }
        var violation = violation
        let faults = index.faults.map(\.entry).filter { $0 > first && $0 < last }
        violation.entries = Set(violation.entries + faults).sorted()
        return violation
    }

    /// Who did it, where the history says so: a settlement that was answered stale, or one in another group.
    private func explained(_ found: Found) -> HistoryViolation {
        var violation = found.violation
        guard let strand = found.strand, let id = violation.messages.first,
            [.loss, .duplication, .attempts].contains(violation.rule)
        else { return violation }
        let end = violation.rule == .loss ? Int.max : violation.entries.last ?? Int.max
        for hand in index.hands where hand.id == id && hand.strand.destination == strand.destination {
            for answer in hand.answers where answer.asked > found.since && answer.asked < end {
                if hand.strand == strand, answer.outcome == .stale {
                    violation.rule = .settlement
                    violation.sentence += "; \(answer.word.text) was answered stale before that"
                } else if hand.strand != strand, hand.strand.listener == nil, answer.isSettled {
                    violation.rule = .groups
                    violation.sentence += "; \(hand.strand.text) has settled it meanwhile, as \(answer.word.text)"
                } else {
                    continue
                }
                let shown = [hand.entry, answer.asked, answer.answered].compactMap { $0 }
                violation.entries = Set(violation.entries + shown).sorted()
                return violation
            }
        }
        return violation
    }
}
