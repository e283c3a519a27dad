import Messaging
import MessagingHub
import MessagingTesting

/// What `hub verify --json` prints: one object for each scenario and kind. Pure.
enum VerifyJSON {
    static func text(_ outcome: VerifyOutcome) -> String {
        let (result, reason) = words(outcome.result)
        let scenario = outcome.line.scenario
        return JSONText.object([
            ("broker", JSONText.quoted(outcome.broker.name)), ("type", JSONText.quoted(outcome.type.name)),
            ("scenario", String(scenario.number)), ("level", JSONText.quoted(scenario.level.rawValue)),
            ("name", JSONText.quoted(scenario.sentence)), ("kind", JSONText.quoted(outcome.line.kind.rawValue)),
            ("result", JSONText.quoted(result)), ("reason", reason.map(JSONText.quoted) ?? "null"),
            ("ms", String(outcome.took.nanoseconds / 1_000_000)),
        ])
    }

    private static func words(_ result: ScenarioResult) -> (result: String, reason: String?) {
        switch result {
        case .passed(let emulations): ("passed", emulations.isEmpty ? nil : emulations.joined(separator: "; "))
        case .failed(let violation):
            ("failed", "\(violation.sentence) (seed \(violation.seed))" + violation.besides.map { "; \($0)" }.joined())
        case .excluded(let reason): ("excluded", reason)
        }
    }
}
