import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// A scenario for one of its kinds: an argument of a test.
struct Line: CustomTestStringConvertible, Sendable {
    let scenario: Scenario
    let kind: DestinationKind

    var testDescription: String {
        "\(scenario.number) \(scenario.level.rawValue) \(kind)"
    }

    static let all = Scenario.all.flatMap { scenario in scenario.kinds.map { Line(scenario: scenario, kind: $0) } }
}

@Suite("The in-memory broker conforms") struct InMemoryConformanceTests {
    @Test("to every scenario of every kind", arguments: Line.all)
    func conforms(to line: Line) async {
        switch await BrokerConformance(InMemoryHarness()).run(line.scenario, kind: line.kind) {
        case .passed: break
        case .failed(let violation): Issue.record("\(violation)")
        case .excluded(let reason): Issue.record("\(line.scenario) was excluded: \(reason)")
        }
    }
}
