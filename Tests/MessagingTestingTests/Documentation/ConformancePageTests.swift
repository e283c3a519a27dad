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

    @Test("the chapters have every number once, in their order")
    func chapters() {
        #expect(Scenario.chapters.flatMap { Array($0.numbers) } == Array(1...103))
    }
}
