import Messaging

/// The order of what one publisher said of one key, and of all that it said where one order is declared.
extension HistoryChecker {
    private struct Line: Hashable {
        var publisher: String
        /// None where all of a place have one order.
        var key: String?
    }

    /// Messages that came before an earlier one of their publisher and key, or of their publisher.
    var disorders: [Found] {
        index.strands.keys.filter { !index.unjudged.contains($0.destination) && $0.listener == nil }
            .flatMap { strand in
                let isDeclared = (index.declarations[strand.destination]?.order ?? .none) != .none
                guard isDeclared || index.faults.isEmpty else { return [Found]() }
                let readers = index.consumers.values.filter { mayRead($0, strand) }.map(\.began).sorted()
                // From its second reader on, a place without order has none.
                let end = isDeclared || readers.count < 2 ? Int.max : readers[1]
                return lines(of: strand).values.compactMap {
                    disorder($0, in: strand, isDeclared: isDeclared, before: end)
                }
            }
    }

    private func mayRead(_ consumer: HistoryIndex.Consumer, _ strand: HistoryIndex.Strand) -> Bool {
        let subscription = consumer.subscription
        guard case .destination(let destination) = subscription.source else { return true }
        return destination == strand.destination && subscription.group == strand.group
    }

    /// What was confirmed once, and delivered, of each publisher and key, in the order in which the publishes ended.
    private func lines(of strand: HistoryIndex.Strand) -> [Line: [HistoryIndex.Publication]] {
        let isWhole = index.declarations[strand.destination]?.order == .all
        var lines: [Line: [HistoryIndex.Publication]] = [:]
        for id in (index.strands[strand] ?? [:]).keys {
            let sources = index.publications[id] ?? []
            guard sources.count == 1, let source = sources.first, isWhole || source.sent.key != nil,
                source.sent.isPlain,
                source.outcome == .confirmed, !source.isForward, source.destination == strand.destination
            else { continue }
            lines[Line(publisher: source.by, key: isWhole ? nil : source.sent.key), default: []].append(source)
        }
        return lines.mapValues { $0.sorted { ($0.ended ?? 0, $0.place) < ($1.ended ?? 0, $1.place) } }
    }

    private func disorder(
        _ line: [HistoryIndex.Publication], in strand: HistoryIndex.Strand, isDeclared: Bool, before end: Int
    ) -> Found? {
        let numbers = index.strands[strand] ?? [:]
        for (place, later) in line.enumerated() {
            for earlier in line[..<place].reversed() where earlier.isBefore(later) {
                guard let first = numbers[earlier.sent.id]?.first, let second = numbers[later.sent.id]?.first else {
                    continue
                }
                if second < first, index.hands[first].entry < end {
                    return out(of: strand, earlier, later, first, second, "before \(names(earlier.sent.id))")
                }
                if !isDeclared { break }
                let passed = (numbers[later.sent.id] ?? []).first { isOpen(earlier.sent.id, numbers, at: $0) }
                guard let passed, let held = numbers[earlier.sent.id]?.last(where: { $0 < passed }) else { continue }
                return out(
                    of: strand, earlier, later, held, passed,
                    "while another consumer had not settled \(names(earlier.sent.id))")
            }
        }
        return nil
    }

    /// Whether a message of an ordered place is unsettled, and was handed to another consumer last, when a later one is
    /// handed out.
    private func isOpen(_ id: MessageID, _ numbers: [MessageID: [Int]], at later: Int) -> Bool {
        let all = (numbers[id] ?? []).map { index.hands[$0] }
        let hand = index.hands[later]
        guard let last = (numbers[id] ?? []).last(where: { $0 < later }).map({ index.hands[$0] }) else { return false }
        let asked = all.flatMap(\.answers).filter { $0.asked < hand.entry }
        if asked.contains(where: { $0.word.isFinal && $0.outcome != .stale }) { return false }
        return last.consumer != hand.consumer
    }

    private func out(
        of strand: HistoryIndex.Strand, _ earlier: HistoryIndex.Publication, _ later: HistoryIndex.Publication,
        _ first: Int, _ second: Int, _ how: String
    ) -> Found {
        let (first, second) = (index.hands[first], index.hands[second])
        let (late, early) = (names(later.sent.id), names(earlier.sent.id))
        let sentence =
            "\(late) of \(later.sent.key ?? "no key") came from \(strand.text) to \(second.consumer) \(how), though \(early) "
            + "was published before it, by the same publisher"
        return violation(
            .order, sentence, [later.sent.id, earlier.sent.id],
            [earlier.began, earlier.ended, later.began, later.ended, first.entry, second.entry]
                + first.answers.map(\.asked) + first.answers.map(\.answered))
    }
}

extension HistoryIndex.Publication {
    /// Whether this was published before the other, beyond doubt.
    fileprivate func isBefore(_ other: HistoryIndex.Publication) -> Bool {
        began == other.began ? place < other.place : (ended ?? .max) < other.began
    }
}
