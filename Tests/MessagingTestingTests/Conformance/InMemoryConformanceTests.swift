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
        await #expect(throws: Never.self) {
            let harness = InMemoryHarness()
            let stranger = try await Stranger(on: harness.memory)
            switch await line.run(against: harness) {
            case .passed: break
            case .failed(let violation): Issue.record("\(violation.report)")
            case .excluded(let reason): Issue.record("\(line.scenario) was excluded: \(reason)")
            }
            try await stranger.isAlone()
        }
    }
}

/// Whoever else uses the server: a queue with one message.
private struct Stranger {
    private let memory: InMemoryServer
    private let queue = Destination.queue("theirs")

    init(on memory: InMemoryServer) async throws {
        self.memory = memory
        try await withBroker { broker in
            try await broker.declare([DestinationDeclaration(queue)])
            try await broker.publish(Message("theirs"), to: queue, options: PublishOptions())
        }
    }

    /// Its queue is as it was, and there is nothing beside it: what the run made is removed, and nothing else.
    func isAlone() async throws {
        let inventory = memory.inventory
        #expect(inventory["queues"] == 1, "not the queue of somebody else alone is left")
        #expect(inventory["streams"] == 0, "a run left streams behind")
        #expect(inventory["groups"] == 0, "a run left groups behind")
        #expect(inventory["connections"] == 0, "a run left connections behind")
        try await withBroker { broker in
            let depth = try await broker.topology?.depth(of: queue, group: nil)
            #expect(depth?.waiting == 1, "a run took the message of somebody else")
        }
    }

    private func withBroker(_ body: (InMemoryBroker) async throws -> Void) async throws {
        let broker = InMemoryBroker(memory)
        try await broker.connect { _ in }
        try await body(broker)
        await broker.close(within: .zero)
    }
}
