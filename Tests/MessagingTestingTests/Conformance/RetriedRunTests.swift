import Messaging
import MessagingTesting
import Testing

@Suite("What the suite's own parts promise") struct RetriedRunTests {
    /// The harness of a broker whose clock is the machine's.
    private struct RealTime: ConformanceHarness {
        let base = InMemoryHarness()
        var name: String { base.name }
        var patience: Duration { base.patience }
        var redeliveryTimeout: Duration { base.redeliveryTimeout }
        func launch() async throws -> LaunchedBroker { try await base.launch() }
    }

    @Test func fiftyRunsAreWaitedForWhereNoClockCanBeMoved() async throws {
        let line = Line(scenario: try #require(Scenario.numbered(20, .hub)), kind: .queue)
        if case .failed(let violation) = await line.run(against: RealTime()) { Issue.record("\(violation)") }
    }

    @Test("a broker that shares out two lanes keeps scenario 8", arguments: [DestinationKind.queue, .stream])
    func lanesAreShared(_ kind: DestinationKind) async throws {
        let line = Line(scenario: try #require(Scenario.numbered(8)), kind: kind)
        let harness = FlawedHarness(LaneSharing(.nothing).flaw, before: InMemoryHarness())
        if case .failed(let violation) = await line.run(against: harness) { Issue.record("\(violation)") }
    }
}
