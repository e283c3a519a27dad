import Messaging
import MessagingHub

/// What `hub copy` writes of its counts. Pure.
enum CopyText {
    /// The last line.
    static func ledger(_ counts: CopyAccount.Counts, _ elapsed: Duration, _ style: TextStyle) -> String {
        var parts = ["sent \(counts.sent.grouped)", "received \(counts.received.grouped)"]
        parts += ["dead-lettered \(counts.deadLettered.grouped)", "duplicated \(counts.duplicated.grouped)"]
        if counts.filtered > 0 { parts.append("filtered \(counts.filtered.grouped)") }
        if counts.skipped > 0 { parts.append("skipped \(counts.skipped.grouped)") }
        let text = "\(parts.joined(separator: ", ")), lost \(counts.lost.grouped) in \(seconds(elapsed)) s"
        return counts.lost == 0 ? style.green(text) : style.red(text)
    }

    /// The same for machines.
    static func json(_ counts: CopyAccount.Counts, _ elapsed: Duration) -> String {
        JSONText.object([
            ("sent", String(counts.sent)), ("received", String(counts.received)),
            ("deadLettered", String(counts.deadLettered)), ("duplicated", String(counts.duplicated)),
            ("filtered", String(counts.filtered)), ("skipped", String(counts.skipped)), ("lost", String(counts.lost)),
            ("bytes", String(counts.bytes)), ("seconds", seconds(elapsed)),
        ])
    }

    /// The last line of a terminal while it copies.
    static func progress(_ counts: CopyAccount.Counts, _ elapsed: Duration) -> String {
        let rate = Int(Double(counts.received) / max(0.001, elapsed / .seconds(1)))
        let waiting = counts.lost > 0 ? ", \(counts.lost.grouped) on their way" : ""
        let dead = counts.deadLettered > 0 ? ", \(counts.deadLettered.grouped) dead-lettered" : ""
        return "\(counts.received.grouped) received, \(rate.grouped)/s\(waiting)\(dead)"
    }

    private static func seconds(_ elapsed: Duration) -> String {
        let hundredths = Int((elapsed / .seconds(1) * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
