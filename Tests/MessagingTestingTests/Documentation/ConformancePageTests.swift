import Foundation
import Messaging
import MessagingTesting
import Testing

@Suite("The page of the conformance suite") struct ConformancePageTests {
    @Test("docs/conformance.md is what the suite says")
    func page() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../docs/conformance.md").standardized
        if ProcessInfo.processInfo.environment["HUB_WRITE_DOCS"] == "1" {
            try Data(ConformancePage.text.utf8).write(to: page)
        }
        let text = try String(contentsOf: page, encoding: .utf8)
        let remedy: Comment = "write it anew: HUB_WRITE_DOCS=1 swift test --filter ConformancePageTests"
        #expect(text == ConformancePage.text, remedy)
    }

    @Test("every scenario says what goes wrong where it does not hold, in one sentence of its own")
    func reasons() {
        for scenario in Scenario.all {
            #expect(scenario.why.count >= 20 && scenario.why.hasSuffix("."), "\(scenario) says \(scenario.why.quoted)")
        }
        let twice = Dictionary(grouping: Scenario.all, by: \.why).filter { $0.value.count > 1 }.keys
        #expect(twice.isEmpty, "said of several: \(twice.joined(separator: " "))")
    }

    @Test("every number of the list is a scenario, and every scenario has a number of the list")
    func numbers() {
        let there = Set(Scenario.all.map(\.number))
        let missing = Set(1...103).subtracting(there).sorted()
        #expect(missing.isEmpty, "not there: \(missing)")
        #expect(there.isSubset(of: 1...103), "not in the list: \(there.subtracting(1...103).sorted())")
    }

    @Test("every scenario is named by its sentence of the list, for the kinds of the list", arguments: PromiseList.all)
    func sentences(_ promise: PromiseList.Promise) {
        let scenarios = Scenario.all.filter { $0.number == promise.number }
        #expect(!scenarios.isEmpty)
        for scenario in scenarios {
            #expect(scenario.sentence == promise.sentence)
            #expect(scenario.kinds == promise.kinds)
        }
    }

    @Test("every class of defects is planted by mutants that there are")
    func bugClasses() {
        let flaws = Set(Mutant.all.map(\.flaw))
        #expect(BugClass.all.count == 18)
        for defect in BugClass.all {
            #expect(!defect.flaws.isEmpty, "\(defect.what) is planted by nothing")
            let missing = defect.flaws.filter { !flaws.contains($0) }
            #expect(missing.isEmpty, "\(defect.what): there is no broker of which \(missing)")
            #expect(!defect.catches.isEmpty, "\(defect.what) turns nothing red")
        }
    }

    @Test("the chapters have every number once, in their order")
    func chapters() {
        #expect(PromiseList.all.map(\.number) == Array(1...103))
        #expect(Scenario.chapters.flatMap { Array($0.numbers) } == Array(1...103))
    }
}
