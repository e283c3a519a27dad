import Foundation
import Messaging
import MessagingTesting
import Testing

@Suite("Every scenario is proved by a broker that breaks it") struct MutantTests {
    /// A mutant against one line of the suite.
    struct Pair: CustomTestStringConvertible, Sendable {
        let mutant: Mutant
        let line: Line
        let sentence: String

        var testDescription: String { "\(mutant.flaw) → \(line.testDescription)" }

        /// Nil where the line turns red with its sentence, and otherwise what it does.
        func verdict() async -> String? {
            let harness = FlawedHarness(mutant.make(), before: InMemoryHarness(patience: .milliseconds(1500)))
            switch await line.run(against: harness) {
            case .failed(let violation) where sentence.isSaid(by: violation): return nil
            case .failed(let violation): return "not \(sentence.quoted), but \(violation.sentence.quoted)"
            case .passed: return "\(line.scenario.number) does not catch it"
            case .excluded(let reason): return "\(line.scenario.number) was excluded: \(reason)"
            }
        }

        static let caught = Mutant.all.flatMap { mutant in
            mutant.catches.flatMap { caught in
                Line.all.filter { $0.scenario.number == caught.scenario && $0.scenario.level == caught.level }
                    .filter { mutant.kinds.contains($0.kind) }
                    .map { Pair(mutant: mutant, line: $0, sentence: caught.sentence) }
            }
        }
    }

    @Test("a mutant turns its scenarios red, with its sentence", arguments: Pair.caught.spreading(\.line.isMeasuring))
    func turnsRed(_ pair: Pair) async {
        guard pair.line.isMeasuring else { return await Self.isCaught(pair) }
        await Slots.inOwnProcess {
            _ = await #expect(processExitsWith: .success) { [name = pair.testDescription as String] in
                await MutantTests.isCaught(try #require(Pair.caught.first { $0.testDescription == name }))
            }
        }
    }

    /// A verdict from while the machine stood still says nothing of the mutant: up to four of these are asked for again.
    private static func isCaught(_ pair: Pair) async {
        for isLast in [false, false, false, false, true] {
            let isOver = Observed(false)
            async let lateness = MachineLateness(on: SystemTime.shared).until(isOver)
            let verdict = await pair.verdict()
            isOver.change { $0 = true }
            let wasLate = await lateness.total > .milliseconds(250)
            guard let verdict else { return }
            if isLast || !wasLate {
                Issue.record("\(pair.mutant.flaw): \(verdict)")
                return
            }
        }
    }

    /// Scenarios of every part of the suite that take little time; with `HUB_WHOLE=1` all that can share a process.
    private static let witnesses =
        ProcessInfo.processInfo.environment["HUB_WHOLE"] == "1"
        ? Scenario.all.filter { !Line(scenario: $0, kind: $0.kinds[0]).isMeasuring }
        : [4, 5, 7, 15, 31, 33, 38, 45, 47, 51, 56, 61, 65, 75].compactMap { Scenario.numbered($0) }

    /// A mutant has one flaw: what that does not touch stays green.
    @Test("a mutant leaves what its flaw does not touch", arguments: Mutant.all)
    func leavesTheRestGreen(_ mutant: Mutant) async {
        let touched = Set(mutant.spoilt + mutant.catches.map(\.scenario))
        await withTaskGroup { group in
            for scenario in Self.witnesses where !touched.contains(scenario.number) {
                let line = Line(
                    scenario: scenario, kind: scenario.kinds.first(where: mutant.kinds.contains) ?? scenario.kinds[0])
                group.addTask {
                    let harness = FlawedHarness(mutant.make(), before: InMemoryHarness())
                    guard case .failed(let violation) = await line.run(against: harness) else { return }
                    Issue.record("\(mutant.flaw) spoils \(violation)")
                }
            }
        }
    }

    @Test("every scenario has a mutant, and every mutant is caught for at least one kind")
    func nothingIsUnproved() {
        let proved = Set(Mutant.all.flatMap { $0.catches.map(\.name) })
        let unproved = Scenario.all.filter { !proved.contains("\($0.number) \($0.level.rawValue)") }
        #expect(unproved.isEmpty, "\(unproved)")
        let lines = Set(Pair.caught.map(\.line.testDescription))
        let unprovedLines = Line.all.map(\.testDescription).filter { !lines.contains($0) }
        #expect(unprovedLines.isEmpty, "\(unprovedLines)")
        for mutant in Mutant.all {
            for caught in mutant.catches {
                let lines = Pair.caught.filter {
                    $0.mutant.flaw == mutant.flaw && $0.line.scenario.number == caught.scenario
                }
                #expect(!lines.isEmpty, "\(mutant.flaw) is caught by \(caught.name) for no kind")
                #expect(caught.sentence.count >= 20, "\(caught.sentence.quoted) may be said of anything")
            }
        }
    }
}

extension String {
    /// Whether a violation has this sentence; … stands for any text.
    fileprivate func isSaid(by violation: ScenarioViolation) -> Bool {
        var rest = violation.sentence[...]
        for part in split(separator: "…") {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
