import Messaging
import MessagingTesting
import Testing

@Suite("What is odd but right stays green") struct OddballTests {
    /// An oddball against one line of the suite.
    struct Pair: CustomTestStringConvertible, Sendable {
        let oddball: Oddball
        let line: Line

        var testDescription: String { "\(oddball.oddity): \(line.testDescription)" }

        static let all = Oddball.all.flatMap { oddball in
            Line.all.filter { oddball.levels.contains($0.scenario.level) }.map { Pair(oddball: oddball, line: $0) }
        }
    }

    @Test("an oddball passes every scenario, or is excluded by what it declares", arguments: Pair.all)
    func staysGreen(_ pair: Pair) async {
        if case .failed(let violation) = await pair.line.run(against: pair.oddball.harness()) {
            Issue.record("\(violation)")
        }
    }
}
