import Foundation
import Messaging
import MessagingTesting
import Testing

@Suite("Every scenario is proved by a broker that breaks it") struct MutantTests {
    @Test("Mutant: a matrix", .enabled(if: ProcessInfo.processInfo.environment["MUTANT_MATRIX"] != nil))
    func matrix() async {
        await withTaskGroup(of: String.self) { group in
            for mutant in Mutant.all {
                for line in Line.all {
                    group.addTask {
                        let harness = FlawedHarness(mutant.make(), patience: .milliseconds(1500))
                        if case .failed(let violation) = await BrokerConformance(harness).run(line.scenario, kind: line.kind) {
                            return "RED\t\(mutant.flaw)\t\(line.testDescription)\t\(violation.sentence)"
                        }
                        return ""
                    }
                }
                for await row in group where !row.isEmpty { print(row) }
            }
        }
    }
}
