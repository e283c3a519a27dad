import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@Suite("The history checker") struct HistoryCheckerTests {
    @Test("names the rule that a bad history breaks, and the entries that show it", arguments: BadHistory.all)
    func accuses(_ bad: BadHistory) throws {
        let tale = Tale()
        bad.tell(tale)
        let found = tale.violations
        try #require(found.count == 1, "\(found)")
        #expect(found[0].rule == bad.rule)
        #expect(found[0].sentence == bad.sentence)
        #expect(tale.excerpt(found[0]) == bad.excerpt)
    }

    @Test("says nothing against an odd but honest history", arguments: GoodHistory.all)
    func acquits(_ good: GoodHistory) {
        let tale = Tale()
        good.tell(tale)
        #expect(tale.violations.isEmpty, "\(tale.violations.map { "\($0.sentence)\n\(tale.excerpt($0))" })")
    }

    @Test func everyRuleIsBrokenByAHistory() {
        for rule in HistoryViolation.Rule.allCases {
            #expect(BadHistory.all.contains { $0.rule == rule }, "nobody breaks the rule of \(rule.rawValue)")
        }
    }

    @Test func aHistoryThatHasForgottenItsBeginningIsNotJudged() {
        let tale = Tale()
        tale.publish("m1")
        tale.subscribe("p0.c1")
        tale.receive("p0.c1", "m1", attempt: 7)
        #expect(tale.violations.count == 1)
        for _ in 0..<131_072 { tale.history.add("somebody", "waits") }
        #expect(tale.history.entries == nil)
        #expect(tale.violations.isEmpty)
        #expect(tale.history.lines.count == 1024)
    }

    @Test func aScenariosOwnFailureComesFirst() async throws {
        let scenario = Scenario(1, "It fails.", .queue) { context in
            try await Plain.run(context)
            throw ScenarioFailure("its own failure")
        }
        let harness = FlawedHarness(PlantedFault.attempts.make(), before: InMemoryHarness())
        let result = await BrokerConformance(harness).run(scenario, kind: .queue)
        guard case .failed(let violation) = result else {
            Issue.record("the scenario passed")
            return
        }
        #expect(violation.sentence == "its own failure")
    }

    @Test("a planted fault that no scenario asks about is named by its rule", arguments: PlantedFault.all)
    func catchesPlantedFaults(_ fault: PlantedFault) async throws {
        let scenario = Scenario(1, "It runs.", fault.kind) { context in try await Plain.run(context) }
        let honest = await BrokerConformance(InMemoryHarness()).run(scenario, kind: fault.kind)
        if case .failed(let violation) = honest { Issue.record("\(violation.report)") }
        let harness = FlawedHarness(fault.make(), before: InMemoryHarness(patience: .milliseconds(500)))
        guard case .failed(let violation) = await BrokerConformance(harness).run(scenario, kind: fault.kind) else {
            Issue.record("nobody has noticed")
            return
        }
        let named = violation.sentence.hasPrefix("the history breaks the rule of \(fault.rule.rawValue): ")
        #expect(named, "\(violation.report)")
        #expect(!violation.excerpt.isEmpty)
    }

    @Test func everyRuleHasAPlantedFault() {
        let rules = Set(PlantedFault.all.map(\.rule))
        #expect(rules == Set(HistoryViolation.Rule.allCases))
    }
}
