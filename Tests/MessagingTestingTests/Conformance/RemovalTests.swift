import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@Suite("What a run made is removed") struct RemovalTests {
    @Test func alsoWhereTheRunIsCancelled() async throws {
        let made = Observed<Destination?>(nil)
        let scenario = Scenario(1, "It goes on for ever.", why: "It would not end.", .queue) { context in
            let place = try await context.place(by: try await context.peer())
            made.change { $0 = place.destination }
            try await context.time.sleep(for: .seconds(3600))
        }
        let harness = CancellableHarness(base: InMemoryHarness())
        let run = Task { await BrokerConformance(harness).run(scenario, kind: .queue) }
        let destination = try #require(await made.first(within: .seconds(30)) { $0 != nil } ?? nil)
        run.cancel()
        guard case .failed = await run.value else {
            Issue.record("a scenario that was cancelled did not fail")
            return
        }
        let broker = InMemoryBroker(harness.base.memory)
        try await broker.connect { _ in }
        let error = await #expect(throws: BrokerError.self) {
            try await broker.topology?.depth(of: destination, group: nil)
        }
        #expect(error?.code == .noSuchDestination)
    }

    @Test(arguments: [true, false]) func whatCannotBeRemovedIsAFailureByName(refuses: Bool) async {
        let scenario = Scenario(1, "It leaves something.", why: "It would fill the broker.", .queue) { context in
            _ = try await context.place(by: try await context.peer())
        }
        let harness = KeepingHarness(base: InMemoryHarness(), refuses: refuses)
        guard case .failed(let violation) = await BrokerConformance(harness).run(scenario, kind: .queue) else {
            Issue.record("what stays was not said")
            return
        }
        let sentence = refuses ? "was not deleted: unauthorized: not yours" : "1 destinations cannot be deleted"
        #expect(violation.sentence.contains(sentence), "\(violation.sentence)")
        #expect(violation.sentence.hasSuffix("what stays has to be removed by hand"))
    }

    @Test func whatCannotBeRemovedIsSaidAlsoOfAScenarioThatFailed() async {
        let scenario = Scenario(1, "It leaves something.", why: "It would fill the broker.", .queue) { context in
            _ = try await context.place(by: try await context.peer())
            throw ScenarioFailure("it does not")
        }
        let harness = KeepingHarness(base: InMemoryHarness(), refuses: true)
        guard case .failed(let violation) = await BrokerConformance(harness).run(scenario, kind: .queue) else {
            Issue.record("it did not fail")
            return
        }
        #expect(violation.sentence == "it does not")
        #expect(violation.remains?.hasSuffix("what stays has to be removed by hand") == true)
        #expect(violation.description.contains("besides, queue conformance."))
    }
}

/// A harness whose brokers refuse what a cancelled task asks.
private struct CancellableHarness: ConformanceHarness {
    let base: InMemoryHarness
    var name: String { base.name }

    func launch() async throws -> LaunchedBroker {
        if Task.isCancelled { throw CancellationError() }
        return try await base.launch()
    }
}

/// A harness whose brokers delete nothing: they have no power to, or are refused it.
private struct KeepingHarness: ConformanceHarness {
    let base: InMemoryHarness
    let refuses: Bool
    var name: String { base.name }

    func launch() async throws -> LaunchedBroker {
        LaunchedBroker(Keeper(base: try await base.launch().broker, refuses: refuses))
    }

    private struct Keeper: BrokerDecorator {
        let base: any MessageBroker
        let refuses: Bool
        var topology: (any TopologyAdministration)? { refuses ? base.topology.map { Refusal(base: $0) } : nil }
    }

    private struct Refusal: TopologyAdministration {
        let base: any TopologyAdministration

        func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
            try await base.depth(of: destination, group: group)
        }

        func purge(_ destination: Destination) async throws(BrokerError) -> Int { try await base.purge(destination) }

        func delete(_ destination: Destination) async throws(BrokerError) {
            throw BrokerError(.unauthorized, "not yours")
        }
    }
}
