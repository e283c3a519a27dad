import Messaging

/// Settlements of what is not held any more.
extension HistoryChecker {
    /// Settlements that were answered `settled`, though the hold had gone before they were asked for.
    var afterTheFact: [Found] {
        eachMessage { strand, id, hands in
            for (number, hand) in hands.enumerated() {
                for (place, answer) in hand.answers.enumerated() where answer.isSettled {
                    guard let (why, entries) = reason(against: answer, at: place, of: hand, hands[(number + 1)...])
                    else { continue }
                    let sentence =
                        "\(answer.word.text) of \(names(id)) by \(hand.consumer) was answered settled, though \(why)"
                    return violation(
                        .settlement, sentence, [id], [hand.entry, answer.asked, answer.answered] + entries)
                }
            }
            return nil
        }
    }

    /// Why a receipt was not held when this was asked of it.
    private func reason(
        against answer: HistoryIndex.Answer, at place: Int, of hand: HistoryIndex.Hand,
        _ later: ArraySlice<HistoryIndex.Hand>
    ) -> (String, [Int?])? {
        let earlier = hand.answers[..<place].first { $0.isSettled && ($0.answered ?? .max) < answer.asked }
        if let earlier {
            return ("its receipt had been settled before, as \(earlier.word.text)", [earlier.asked, earlier.answered])
        }
        guard let consumer = index.consumers[hand.consumer] else { return nil }
        if let left = consumer.left, left < answer.asked { return ("\(hand.consumer) had been cancelled", [left]) }
        if let closed = index.closed[consumer.peer], closed < answer.asked {
            return ("\(consumer.peer) had been closed", [closed])
        }
        let next = later.first { $0.entry < answer.asked }
        guard let next, copies(of: hand.id, in: hand.strand, [hand] + later, before: answer.asked) == 1 else {
            return nil
        }
        return ("it had come again, to \(next.consumer)", [next.entry])
    }
}
