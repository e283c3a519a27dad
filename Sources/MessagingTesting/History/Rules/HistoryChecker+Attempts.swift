import Messaging

/// How runs are counted.
extension HistoryChecker {
    /// Deliveries whose attempt is not among those that are right.
    var attempts: [Found] {
        eachMessage { strand, id, hands in
            guard !index.open.contains(strand.destination), let source = onlySource(of: id, strand, hands) else {
                return nil
            }
            var previous: HistoryIndex.Hand?
            for hand in hands {
                if previous?.end != nil { return nil }
                let right = previous.map { range(after: $0, until: hand) } ?? first(source, until: hand)
                if !right.contains(hand.attempt) {
                    return wrong(hand, after: previous, source, right).at(strand, since: previous?.entry ?? 0)
                }
                previous = hand
            }
            return nil
        }
    }

    /// The one publish of a message of which there is one copy beyond doubt.
    private func onlySource(
        of id: MessageID, _ strand: HistoryIndex.Strand, _ hands: [HistoryIndex.Hand]
    ) -> HistoryIndex.Publication? {
        let sources = index.sources(of: id, at: strand.destination).filter { $0.outcome != .refused }
        guard sources.count == 1, copies(of: id, in: strand, hands, before: .max) == 1 else { return nil }
        return sources.first
    }

    private func first(_ source: HistoryIndex.Publication, until hand: HistoryIndex.Hand) -> ClosedRange<Int32> {
        1...1 + extra(from: source.beganAt, after: source.began, to: hand)
    }

    /// How many more runs there may have been that nobody saw.
    private func extra(from began: Duration, after entry: Int, to hand: HistoryIndex.Hand) -> Int32 {
        var count = 0
        if index.rules.crashCount != .none {
            count += index.faults(from: began, to: hand.uptime)
            count += index.revocations.count { $0 >= began && $0 <= hand.uptime }
        }
        if index.rules.releaseCounts { count += index.departures.count { $0 > entry && $0 < hand.entry } }
        return Int32(clamping: count)
    }

    private func range(after last: HistoryIndex.Hand, until hand: HistoryIndex.Hand) -> ClosedRange<Int32> {
        let attempt = last.attempt
        var (lower, upper) = (attempt, attempt + extra(from: last.uptime, after: last.entry, to: hand))
        let counts = index.rules.crashCount == .exact || index.rules.crashCount == .deliveries
        for answer in last.answers where answer.isSettled && answer.asked < hand.entry {
            if case .retry = answer.word {
                lower += 1
                upper += 1
            } else if case .release = answer.word, index.rules.releaseCounts {
                upper += 1
            }
        }
        let maxHold = index.consumers[last.consumer]?.subscription.maxHold ?? .zero
        let isLate = hand.uptime - last.uptime >= maxHold / 2
        if isLate, index.rules.crashCount != .none { upper += 1 }
        if !isLate, counts, last.answers.isEmpty, wasKilled(last, until: hand) { lower = attempt + 1 }
        if !counts, index.faults(from: last.uptime, to: hand.uptime) > 0 { lower = 1 }
        return min(lower, upper)...upper
    }

    /// Whether the process that held a delivery, or the server, was killed while it did.
    private func wasKilled(_ last: HistoryIndex.Hand, until hand: HistoryIndex.Hand) -> Bool {
        guard let consumer = index.consumers[last.consumer] else { return false }
        return index.faults.contains { fault in
            fault.what == "is killed" && (fault.who == consumer.peer || fault.who == "server")
                && fault.entry > last.entry && fault.entry < hand.entry && (consumer.leaves ?? .max) > fault.entry
        }
    }

    private func wrong(
        _ hand: HistoryIndex.Hand, after last: HistoryIndex.Hand?, _ source: HistoryIndex.Publication,
        _ right: ClosedRange<Int32>
    ) -> Found {
        let expected = right.count == 1 ? "\(right.lowerBound)" : "\(right.lowerBound) to \(right.upperBound)"
        let answers = (last?.answers ?? []).filter { $0.asked < hand.entry }
        let before = last.map { last in
            let words = answers.filter(\.isSettled).map(\.word.text).joined(separator: ", ")
            return "after attempt \(last.attempt)\(words.isEmpty ? "" : ", settled as \(words)")"
        }
        let said = last.map { last -> [Int?] in [last.entry] + answers.map(\.asked) + answers.map(\.answered) }
        return violation(
            .attempts,
            "\(names(hand.id)) came from \(hand.strand.text) as attempt \(hand.attempt) "
                + "\(before ?? "at first"), not as \(expected)",
            [hand.id], (said ?? [source.began, source.ended]) + [hand.entry])
    }
}
