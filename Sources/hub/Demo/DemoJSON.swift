import Messaging
import MessagingHub

/// The outcome of a demonstration for machines: one JSON object a destination, each on its line.
enum DemoJSON {
    static func text(_ outcome: DemoOutcome) -> String {
        zip(outcome.entries, outcome.latencies).map { entry, measured in
            JSONText.object([
                ("destination", JSONText.quoted(entry.destination.topic.name)),
                ("kind", JSONText.quoted(entry.destination.kind.rawValue)),
                ("groups", String(entry.groups.count)), ("sent", String(entry.sent)),
                ("handled", String(entry.handled)), ("deadLettered", String(entry.deadLettered)),
                ("filtered", String(entry.filtered)), ("lost", String(entry.lost)),
                ("duplicated", String(entry.duplicated)),
                ("p50us", String(Int(measured.latencies.microseconds(at: 0.5).rounded()))),
                ("p99us", String(Int(measured.latencies.microseconds(at: 0.99).rounded()))),
            ])
        }.joined(separator: "\n")
    }
}
