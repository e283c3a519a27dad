import Messaging

/// Where what is delivered comes from, and whether it may come again.
extension HistoryChecker {
    /// Deliveries that nothing has published.
    var origins: [Found] {
        eachMessage { strand, id, hands in
            guard let hand = hands.first else { return nil }
            let sources = index.sources(of: id, at: strand.destination).filter { $0.began < hand.entry }
            if sources.contains(where: { $0.outcome != .refused }) { return nil }
            let said = "\(names(id)) came from \(strand.text)"
            if let forward = sources.last(where: \.isForward) {
                return violation(
                    .settlement, "\(said), though what forwards it was answered stale", [id],
                    [forward.began, forward.ended, hand.entry])
            }
            if let refused = sources.last {
                return violation(
                    .origin, "\(said), though its publish was refused", [id],
                    [refused.began, refused.ended, hand.entry])
            }
            let elsewhere = index.publications[id]?.last { $0.began < hand.entry }
            let why = elsewhere.map { "it was published to \($0.destination) alone" } ?? "nobody had published it"
            return violation(
                .origin, "\(said), though \(why)", [id], [elsewhere?.began, elsewhere?.ended, hand.entry])
        }
    }

    /// Deliveries of what was settled for good as often as it was published.
    var duplicates: [Found] {
        eachMessage { strand, id, hands in
            var ended: [HistoryIndex.Hand] = []
            for hand in hands {
                let copies = copies(of: id, in: strand, hands, before: hand.entry)
                let done = ended.filter { isOver($0, before: hand.entry) }
                if copies > 0, done.count >= copies, let last = done.last {
                    return duplicate(id, strand, last, hand)
                }
                ended.append(hand)
            }
            return nil
        }
    }

    private func duplicate(
        _ id: MessageID, _ strand: HistoryIndex.Strand, _ last: HistoryIndex.Hand, _ hand: HistoryIndex.Hand
    ) -> Found {
        let how = last.end.map { "was settled as \($0.word.text)" } ?? "had been delivered"
        let sentence = "\(names(id)) came again from \(strand.text), though it \(how) and nothing has failed since"
        let entries = [last.entry, last.end?.asked, last.end?.answered, hand.entry]
        return violation(.duplication, sentence, [id], entries).at(strand, since: last.end?.asked ?? last.entry)
    }

    /// Whether a delivery was the last of its copy, beyond doubt.
    private func isOver(_ hand: HistoryIndex.Hand, before entry: Int) -> Bool {
        if hand.strand.listener != nil { return index.faults.isEmpty }
        guard let end = hand.end, let answered = end.answered, answered < entry else { return false }
        return !index.isDoubtful(end)
    }

    /// How many copies of a message there may be: one for each publish that was not refused, and one more for whatever
    /// may have been done twice.
    func copies(
        of id: MessageID, in strand: HistoryIndex.Strand, _ hands: [HistoryIndex.Hand], before entry: Int
    ) -> Int {
        let sources = index.sources(of: id, at: strand.destination).filter { $0.began < entry }
        var copies = 0
        for source in sources where source.outcome != .refused {
            copies += index.isDoubtful(from: source.beganAt, to: source.endedAt) ? 2 : 1
        }
        for hand in hands where hand.entry < entry {
            copies += hand.answers.count { answer in
                guard case .retry = answer.word else { return false }
                return answer.outcome != .stale && (!answer.isSettled || index.isDoubtful(answer))
            }
        }
        return copies
    }

    /// What a judgement of each message of each strand finds; destinations that are not judged aside.
    func eachMessage(
        _ judge: (HistoryIndex.Strand, MessageID, [HistoryIndex.Hand]) -> Found?
    ) -> [Found] {
        var found: [Found] = []
        for (strand, messages) in index.strands where !index.unjudged.contains(strand.destination) {
            for (id, numbers) in messages {
                if let violation = judge(strand, id, numbers.map { index.hands[$0] }) { found.append(violation) }
            }
        }
        return found
    }
}
