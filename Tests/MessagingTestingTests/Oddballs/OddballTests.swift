import Messaging
import MessagingTesting
import Testing

@Suite("What is odd but right stays green") struct OddballTests {
    /// An oddball against one line of the suite.
    struct Pair: CustomTestStringConvertible, Sendable {
        let oddball: Oddball
        let line: Line

        var testDescription: String { "\(oddball.oddity): \(line.testDescription)" }

        /// Every oddball against every scenario, for one of its kinds in turn. What measures the whole process is left
        /// out: it is about memory, threads and descriptors, which no oddity changes, and takes a process of its own.
        static let all = Oddball.all.enumerated().flatMap { number, oddball in
            Scenario.all.enumerated().compactMap { index, scenario -> Pair? in
                guard oddball.levels.contains(scenario.level), !scenario.kinds.isEmpty else { return nil }
                let kind = scenario.kinds[(number + index) % scenario.kinds.count]
                let line = Line(scenario: scenario, kind: kind)
                return line.isMeasuring ? nil : Pair(oddball: oddball, line: line)
            }
        }
    }

    @Test("there are 25 of them at least") func count() { #expect(Oddball.all.count >= 25) }

    @Test("an oddball passes every scenario, or is excluded by what it declares", arguments: Pair.all)
    func staysGreen(_ pair: Pair) async {
        if case .failed(let violation) = await pair.line.run(against: pair.oddball.harness()) {
            Issue.record("\(violation)")
        }
    }
}
