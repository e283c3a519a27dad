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

    /// Runs it, with few others at the same time: what is measured is to be the broker, not the crowd.
    /// The harness is made when its turn has come, and let go of before that of the next.
    func run(against harness: @autoclosure () -> some ConformanceHarness) async -> ScenarioResult {
        await Slots.shared.withSlot(alone: Self.measuring.contains(scenario.number)) {
            await BrokerConformance(harness()).run(scenario, kind: kind)
        }
    }

    /// Scenarios that measure what this whole process uses.
    static let measuring = [36, 42, 71, 78]

    static let all = Scenario.all.flatMap { scenario in scenario.kinds.map { Line(scenario: scenario, kind: $0) } }
}

@Suite("The in-memory broker conforms") struct InMemoryConformanceTests {
    @Test("to every scenario of every kind", arguments: Line.all)
    func conforms(to line: Line) async {
        switch await line.run(against: InMemoryHarness()) {
        case .passed: break
        case .failed(let violation): Issue.record("\(violation.report)")
        case .excluded(let reason): Issue.record("\(line.scenario) was excluded: \(reason)")
        }
    }
}
