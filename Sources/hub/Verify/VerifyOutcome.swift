import Messaging
import MessagingTesting

/// What came of one scenario, for one kind, on one broker.
struct VerifyOutcome: Sendable {
    let broker: BrokerName
    let type: BrokerType
    let line: VerifyPlan.Line
    let result: ScenarioResult
    let took: Duration

    /// Whether the scenario failed.
    var hasFailed: Bool { if case .failed = result { true } else { false } }

    /// Whether it was excluded.
    var isExcluded: Bool { if case .excluded = result { true } else { false } }

    /// What holds it up, where it holds by an emulation; empty where it holds natively.
    var emulations: [String] { notes.filter { !Self.isUnmeasured($0) } }

    /// Whether it holds, and part of it could not be measured here.
    var isMeasuredInPart: Bool { notes.contains(where: Self.isUnmeasured) }

    private var notes: [String] { if case .passed(let notes) = result { notes } else { [] } }

    private static func isUnmeasured(_ note: String) -> Bool { note.hasPrefix("not measured: ") }
}

/// What came of a broker so far.
struct VerifyCount: Sendable {
    var all = 0
    var held = 0
    var emulated = 0
    var measuredInPart = 0
    var excluded = 0
    var failed = 0
    /// What scenarios that were interrupted could not remove, a sentence each.
    var remains: [String] = []

    var ended: Int { held + excluded + failed }

    mutating func add(_ outcome: VerifyOutcome) {
        if outcome.hasFailed {
            failed += 1
        } else if outcome.isExcluded {
            excluded += 1
        } else {
            held += 1
            if !outcome.emulations.isEmpty { emulated += 1 }
            if outcome.isMeasuredInPart { measuredInPart += 1 }
        }
    }
}

/// What came of a broker so far, counted and read by several tasks.
final class VerifyTally: Sendable {
    private let state: Lock<VerifyCount>

    init(of all: Int) { state = Lock(VerifyCount(all: all)) }

    var count: VerifyCount { state.withLock { $0 } }

    func add(_ outcome: VerifyOutcome) { state.withLock { $0.add(outcome) } }

    /// A scenario was interrupted: what it fails with is not the broker's doing, and what stays is said all the same.
    func interrupt(_ outcome: VerifyOutcome) {
        guard case .failed(let violation) = outcome.result, let remains = violation.remains else { return }
        state.withLock { $0.remains.append(remains) }
    }
}
