import MessagingHub
import MessagingTesting
import Testing

@Suite struct GuaranteeProofTests {
    @Test func everyGuaranteeIsShownByAScenarioOrIsSaidToCome() {
        #expect(GuaranteeProof.all.map(\.guarantee) == Guarantee.allCases)
        for proof in GuaranteeProof.all {
            #expect(!proof.scenarios.isEmpty || proof.toCome != nil, "\(proof.guarantee.words)")
        }
    }

    @Test func eachOfItsScenariosKillsAProcess() {
        for number in GuaranteeProof.all.flatMap(\.scenarios) {
            let scenarios = Scenario.all.filter { $0.number == number && $0.level == .seam }
            #expect(!scenarios.isEmpty, "there is no scenario \(number)")
            for scenario in scenarios {
                let isKilling = scenario.needs.contains(.kill) || scenario.sentence.contains("killed")
                #expect(isKilling, "\(scenario)")
            }
        }
    }
}
