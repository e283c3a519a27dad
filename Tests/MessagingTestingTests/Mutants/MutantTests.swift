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

    /// Whether every mutant is tried against every scenario that can share a process: most of an hour, `HUB_WHOLE=1`.
    private static let isWhole = ProcessInfo.processInfo.environment["HUB_WHOLE"] == "1"

    /// Else these see whether a mutant spoils more than it is said to: of every part of the suite, and quick.
    private static let witnesses =
        isWhole
        ? Scenario.all.filter { !Line(scenario: $0, kind: $0.kinds[0]).isMeasuring }
        : [4, 5, 7, 15, 31, 33, 38, 45, 47, 51, 56, 61, 65, 75].compactMap { Scenario.numbered($0) }

    /// A mutant has one flaw: what that does not touch stays green.
    @Test("a mutant leaves what its flaw does not touch", arguments: Mutant.all)
    func leavesTheRestGreen(_ mutant: Mutant) async {
        let touched = Set(mutant.spoilt + mutant.spoiltByChance + mutant.catches.map(\.scenario))
        for violation in await Self.violations(
            of: Self.witnesses.filter { !touched.contains($0.number) }, by: mutant, patience: .seconds(10))
        {
            Issue.record("\(mutant.flaw) spoils \(violation)")
        }
    }

    /// Some only by chance, so each has five tries.
    @Test("a mutant spoils all that it is said to", .enabled(if: isWhole), arguments: Mutant.all)
    func spoilsWhatItSays(_ mutant: Mutant) async {
        var left = Set(mutant.spoilt)
        for patience in [1500, 1500, 1500, 1500, 10_000].map(Duration.milliseconds) where !left.isEmpty {
            let said = Self.witnesses.filter { left.contains($0.number) }
            let violations = await Self.violations(of: said, by: mutant, patience: patience)
            left.subtract(violations.map(\.scenario.number))
        }
        for number in left.sorted() { Issue.record("\(mutant.flaw) does not spoil \(number)") }
    }

    private static func violations(
        of scenarios: [Scenario], by mutant: Mutant, patience: Duration
    ) async -> [ScenarioViolation] {
        await withTaskGroup(of: ScenarioViolation?.self) { group in
            for scenario in scenarios {
                let line = Line(
                    scenario: scenario, kind: scenario.kinds.first(where: mutant.kinds.contains) ?? scenario.kinds[0])
                group.addTask {
                    let harness = FlawedHarness(mutant.make(), before: InMemoryHarness(patience: patience))
                    guard case .failed(let violation) = await line.run(against: harness) else { return nil }
                    return violation
                }
            }
            return await group.reduce(into: [ScenarioViolation]()) { all, violation in
                if let violation { all.append(violation) }
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
