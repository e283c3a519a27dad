package import Messaging

/// What must still be there.
extension HistoryChecker {
    /// What is owed where a look at all that was left has not found it.
    var losses: [Found] {
        index.drains.flatMap { strand, drain -> [Found] in
            guard drain.isDone else { return [] }
            let found = index.strands[strand] ?? [:]
            return owed(by: strand, at: drain.uptime, drain.now, before: drain.entry).compactMap { source in
                let id = source.sent.id
                let hands = (found[id] ?? []).map { index.hands[$0] }
                if hands.contains(where: { $0.entry > drain.entry }) { return nil }
                let sentence =
                    "\(names(id)) is not in \(strand.text) any more: it was confirmed, and nobody has settled it"
                let answers = hands.flatMap(\.answers)
                let said = answers.map(\.asked) + answers.map(\.answered)
                return violation(
                    .loss, sentence, [id], [source.began, source.ended, drain.entry] + hands.map(\.entry) + said
                )
                .at(strand, since: hands.last?.entry ?? source.began)
            }
        }
    }

    /// What each place must still hold, as far as that is beyond doubt; places that must hold nothing are not named.
    package func owed(at uptime: Duration, _ now: Timestamp) -> [Place: Set<MessageID>] {
        var all: [Place: Set<MessageID>] = [:]
        for (destination, declaration) in index.declarations {
            let groups: [GroupName?] = destination.kind == .stream ? declaration.groups.keys.map { $0 } : [nil]
            for group in groups {
                let strand = HistoryIndex.Strand(destination: destination, group: group)
                let ids = owed(by: strand, at: uptime, now, before: .max).map(\.sent.id)
                if !ids.isEmpty { all[Place(destination, group: group)] = Set(ids) }
            }
        }
        return all
    }

    private func owed(
        by strand: HistoryIndex.Strand, at uptime: Duration, _ now: Timestamp, before entry: Int
    ) -> [HistoryIndex.Publication] {
        guard isKept(strand) else { return [] }
        let found = index.strands[strand] ?? [:]
        return (index.arrivals[strand.destination] ?? []).compactMap { id in
            let source = (index.publications[id] ?? []).first {
                $0.destination == strand.destination && isCertain($0, now, before: entry)
            }
            guard let source else { return nil }
            let answers = (found[source.sent.id] ?? []).flatMap { index.hands[$0].answers }
            return answers.contains { isOrMayBeAway($0, at: uptime) } ? nil : source
        }
    }

    /// Whether a place keeps whatever was confirmed, for the group that is asked for.
    private func isKept(_ strand: HistoryIndex.Strand) -> Bool {
        let destination = strand.destination
        guard let declaration = index.declarations[destination], declaration.retention == nil,
            destination.kind != .pubSub, !index.removed.contains(destination), !index.unjudged.contains(destination)
        else { return false }
        if !index.faults.isEmpty {
            guard declaration.durable, index.rules.durableKinds.contains(destination.kind) else { return false }
        }
        guard let group = strand.group else { return destination.kind == .queue }
        return declaration.groups[group].map { $0.start == .earliest && $0.filter == nil } ?? false
    }

    private func isCertain(_ source: HistoryIndex.Publication, _ now: Timestamp, before entry: Int) -> Bool {
        source.outcome == .confirmed && (source.ended ?? .max) < entry && !source.sent.expires
            && source.sent.notBefore.map { $0 <= now } ?? true && (source.sent.isDurable || index.faults.isEmpty)
    }

    /// Whether a settlement has, or may have, taken the message away, or has it wait still.
    private func isOrMayBeAway(_ answer: HistoryIndex.Answer, at uptime: Duration) -> Bool {
        if case .retry(let delay) = answer.word {
            return answer.outcome != .stale && (answer.answeredAt ?? uptime) + delay >= uptime
        }
        if !answer.word.isFinal { return false }
        switch answer.outcome {
        case .settled, nil: return true
        case .stale: return false
        case .failed: return index.isDoubtful(answer)
        }
    }
}
