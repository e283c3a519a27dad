import Messaging
import MessagingHub

/// The outcome of a demonstration for people: the account of each destination, and how long messages took.
enum DemoText {
    static func text(_ outcome: DemoOutcome, _ style: TextStyle) -> String {
        var lines = account(outcome).lines(style)
        lines += faults(outcome, style)
        lines.append("")
        for (destination, latencies) in outcome.latencies where latencies.count > 0 {
            lines += histogram(destination, latencies, style) + [""]
        }
        return (lines + [verdict(outcome, style)]).joined(separator: "\n")
    }

    private static func account(_ outcome: DemoOutcome) -> TextTable {
        let isFiltered = outcome.entries.contains { $0.filtered > 0 }
        let filtered = isFiltered ? ["filtered"] : []
        var table = TextTable(
            ["destination", "kind", "group", "sent", "handled", "dead-lettered"] + filtered + ["duplicated", "lost"])
        for entry in outcome.entries {
            for group in entry.groups {
                let ends = [entry.sent, group.handled, group.deadLettered] + (isFiltered ? [group.filtered] : [])
                let numbers = (ends + [group.counts[.duplicated] ?? 0, group.counts[.lost] ?? 0]).map(\.grouped)
                let words = [entry.destination.topic.name, entry.destination.kind.rawValue, group.name?.name ?? "-"]
                table.add((words + numbers).map { TextTable.Cell($0) })
            }
        }
        return table
    }

    /// The first few ids of what was lost or ended twice.
    private static func faults(_ outcome: DemoOutcome, _ style: TextStyle) -> [String] {
        outcome.entries.flatMap { entry in
            entry.groups.flatMap { group in
                [LedgerEntry.Count.lost, .duplicated].compactMap { count -> String? in
                    guard let examples = group.examples[count] else { return nil }
                    let ids = examples.map(\.description).joined(separator: ", ")
                    return style.red("\(count.rawValue) of \(entry.destination): \(ids)")
                }
            }
        }
    }

    private static func histogram(_ destination: Destination, _ latencies: Latencies, _ style: TextStyle) -> [String] {
        let (p50, p99) = (latencies.microseconds(at: 0.5), latencies.microseconds(at: 0.99))
        let title = "\(destination): publish to handler, p50 \(time(p50)), p99 \(time(p99))"
        let rows = latencies.histogram()
        let most = rows.map(\.count).max() ?? 1
        return [style.bold(title)]
            + rows.map { row in
                let label = row.upTo.isFinite ? "<= \(time(row.upTo))" : "longer"
                let bar = String(repeating: "#", count: max(row.count > 0 ? 1 : 0, row.count * 40 / most))
                let padding = String(repeating: " ", count: max(0, 10 - label.count))
                return "  \(label)\(padding) \(bar) \(style.dim(row.count.grouped))"
            }
    }

    private static func verdict(_ outcome: DemoOutcome, _ style: TextStyle) -> String {
        let sum = { (count: (LedgerEntry) -> Int) in outcome.entries.reduce(0) { $0 + count($1) } }
        let (lost, duplicated) = (sum(\.lost), sum(\.duplicated))
        let ended = sum(\.handled) + sum(\.deadLettered)
        let seconds = max(0.001, outcome.elapsed / .seconds(1))
        let rate = Int(Double(ended) / seconds).grouped
        let text =
            "\(ended.grouped) ended in \(tenths(seconds)) s, \(rate)/s: \(lost.grouped) lost, \(duplicated.grouped) duplicated"
        return lost == 0 ? style.green(text) : style.red(text)
    }

    private static func time(_ microseconds: Double) -> String {
        switch microseconds {
        case ..<1000: "\(Int(microseconds.rounded())) µs"
        case ..<1_000_000: "\(tenths(microseconds / 1000)) ms"
        default: "\(tenths(microseconds / 1_000_000)) s"
        }
    }

    private static func tenths(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
