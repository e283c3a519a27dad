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

    /// Runs it, with few others at the same time. The harness is made when its turn has come, and let go of before that
    /// of the next.
    func run(against harness: @autoclosure () -> any ConformanceHarness) async -> ScenarioResult {
        await Slots.shared.withSlot { await BrokerConformance(harness()).run(scenario, kind: kind) }
    }

    /// Whether it measures what the whole process uses, and so must have one of its own.
    var isMeasuring: Bool { [36, 42, 71, 78].contains(scenario.number) }

    static let all = Scenario.all.flatMap { scenario in scenario.kinds.map { Line(scenario: scenario, kind: $0) } }
}

@Suite("The in-memory broker conforms") struct InMemoryConformanceTests {
    @Test("to every scenario of every kind", arguments: Line.all.spreading(\.isMeasuring))
    func conforms(_ line: Line) async {
        guard line.isMeasuring else { return await Self.isMet(line) }
        await Slots.inOwnProcess {
            _ = await #expect(processExitsWith: .success) { [name = line.testDescription as String] in
                await InMemoryConformanceTests.isMet(try #require(Line.all.first { $0.testDescription == name }))
            }
        }
    }

    private static func isMet(_ line: Line) async {
        switch await line.run(against: InMemoryHarness()) {
        case .passed: break
        case .failed(let violation): Issue.record("\(violation.report)")
        case .excluded(let reason): Issue.record("\(line.scenario) was excluded: \(reason)")
        }
    }
}
