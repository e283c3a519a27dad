package import Messaging

extension HistoryEvent {
    /// The messages that it is about, a copy that a settlement forwards among them.
    package var messages: [MessageID] {
        switch self {
        case .note(_, let ids), .published(_, let ids, _), .answered(_, let ids, _): ids
        case .publishes(_, _, let sent): sent.map(\.id)
        case .received(let deliveries): deliveries.map(\.id)
        case .settles(_, let asked): asked.flatMap { [$0.id] + $0.word.copies }
        case .declared, .subscribed, .leaves, .removes, .fault, .recovered, .reported, .unjudged, .drains: []
        }
    }

    /// What happened, in words, as far as it is about these messages.
    func text(about ids: Set<MessageID>) -> String {
        switch self {
        case .note(let text, _): text
        case .declared(let all): "declared \(all.map(\.destination.description).joined(separator: ", "))"
        case .publishes(_, let destination, _): "publishes to \(destination)"
        case .published(_, let all, let failure): published(all, failure, about: ids)
        case .subscribed(let subscription, _): "subscribed to \(subscription.label)"
        case .received(let deliveries):
            "received, attempt \(one(deliveries.filter { ids.contains($0.id) }.map { "\($0.attempt)" })),"
        case .settles(_, let asked):
            "settles as \(one(asked.filter { !ids.isDisjoint(with: [$0.id] + $0.word.copies) }.map { $0.word.text }))"
        case .answered(_, let all, let outcomes): "was answered \(answers(all, outcomes, about: ids))"
        case .leaves(let leaving, let isDone): isDone ? "\(leaving.rawValue): done" : leaving.rawValue
        case .removes(let destination, let what): "\(what) \(destination)"
        case .fault(let what), .recovered(let what): what
        case .reported(let event): "reports \(event)"
        case .unjudged(let destination, let reason): "does not judge \(destination): \(reason)"
        case .drains(let place, _, let isDone): isDone ? "has read all of \(place)" : "reads what is left in \(place)"
        }
    }

    private func published(_ all: [MessageID], _ failure: PublishFailure?, about ids: Set<MessageID>) -> String {
        guard let failure else { return "was confirmed" }
        let outcomes = all.indices.filter { ids.contains(all[$0]) }.map { index in
            failure.outcomes[index].map { "\($0)" } ?? "confirmed"
        }
        return all.count == 1 || outcomes.count != 1 ? "was told: \(failure)" : "was told: \(one(outcomes))"
    }

    private func answers(_ all: [MessageID], _ outcomes: [SettlementOutcome], about ids: Set<MessageID>) -> String {
        let concerned = zip(all, outcomes).filter { ids.contains($0.0) }.map { "\($0.1)" }
        return one(concerned.isEmpty ? outcomes.map { "\($0)" } : concerned)
    }

    /// Each of these words once.
    private func one(_ words: [String]) -> String {
        var seen: [String] = []
        for word in words where !seen.contains(word) && seen.count < 4 { seen.append(word) }
        return seen.joined(separator: ", ")
    }
}

extension Asked.Word {
    /// The messages that it publishes.
    var copies: [MessageID] {
        if case .forward(let outgoing) = self { outgoing.map(\.0.id) } else { [] }
    }

    /// `retry after 5ms`.
    var text: String {
        switch self {
        case .accept: "accept"
        case .release: "release"
        case .discard: "discard"
        case .retry(let delay): "retry after \(delay.optionText)"
        case .forward(let outgoing): "forward of \(outgoing.count)"
        }
    }
}
