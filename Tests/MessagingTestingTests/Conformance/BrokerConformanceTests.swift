import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@Suite("The conformance suite itself") struct BrokerConformanceTests {
    private func violation(_ result: ScenarioResult) -> ScenarioViolation? {
        if case .failed(let violation) = result { violation } else { nil }
    }

    @Test func aFailureHasSentenceSeedAndTheEntriesThatShowIt() async throws {
        let scenario = Scenario(1, "Two and two is five.", .queue) { context in
            let peer = try await context.peer()
            let place = try await context.place(by: peer)
            let (guilty, bystander) = (context.message("guilty"), context.message("bystander"))
            try await peer.publish(bystander, to: place)
            try await peer.publish(guilty, to: place)
            try context.require(2 + 2 == 5, "two and two was 4", about: [guilty.id])
        }
        let result = await BrokerConformance(InMemoryHarness(), seed: 7).run(scenario, kind: .queue)
        let found = try #require(violation(result))
        #expect(found.sentence == "two and two was 4")
        #expect(found.seed == 7)
        #expect(found.description.contains("1: Two and two is five."))
        #expect(found.excerpt.count == 2)
        #expect(found.excerpt.allSatisfy { $0.contains("guilty") })
        #expect(found.history.contains { $0.contains("bystander") })
        #expect(found.report.contains("was confirmed bystander"))
    }

    @Test func aHangIsAFailureThatNamesTheCall() async throws {
        let scenario = Scenario(1, "It returns.", .queue) { context in
            let peer = try await context.peer()
            let member = try await peer.subscribe(try await context.place(by: peer))
            _ = try await member.takeOne()
        }
        var flaw = Flaw()
        flaw.subscribe = { broker, subscription in
            var consumer = FlawedConsumer(base: try await broker.subscribe(subscription))
            consumer.receive = { _, _, _ in
                await SystemTime.shared.sleepsForEver()
                return []
            }
            return consumer
        }
        let harness = FlawedHarness(flaw, before: InMemoryHarness(patience: .milliseconds(200)))
        let found = try #require(violation(await BrokerConformance(harness).run(scenario, kind: .queue)))
        #expect(found.sentence.contains("receive") && found.sentence.contains("did not return within"))
    }

    @Test func aBodyThatHangsIsAFailureByName() async throws {
        let scenario = Scenario(1, "It returns.", .queue) { context in await context.time.sleepsForEver() }
        let time = VirtualTime()
        let harness = InMemoryHarness(InMemoryServer(time: time), patience: .seconds(1))
        async let result = BrokerConformance(TimedHarness(base: harness, time: time)).run(scenario, kind: .queue)
        while time.nextAlarm.map({ $0 < .seconds(20) }) ?? true { await Task.yield() }
        time.advance(by: .seconds(20))
        #expect(violation(await result)?.sentence == "the scenario did not return within 20s")
    }

    @Test func theHistoryOfAFailureIsBounded() async throws {
        let scenario = Scenario(1, "It ends.", .queue) { context in
            for number in 1...5000 { context.history.add("somebody", "counted \(number)") }
            throw ScenarioFailure("it did not")
        }
        let found = try #require(violation(await BrokerConformance(InMemoryHarness()).run(scenario, kind: .queue)))
        #expect(found.history.count == 1024)
        #expect(found.history.last?.contains("counted 5000") == true)
    }

    @Test func aProcessThatIsNotLaunchedIsAFailureByName() async throws {
        let scenario = Scenario(1, "It runs.", .queue) { _ in }
        let harness = StuckHarness(base: InMemoryHarness(patience: .milliseconds(50)), launches: 0, deletes: true)
        let found = try #require(violation(await BrokerConformance(harness).run(scenario, kind: .queue)))
        #expect(found.sentence == "launching a process did not return within 50ms")
    }

    @Test func aRemovalThatHangsIsAFailureByName() async throws {
        let scenario = Scenario(1, "It is removed.", .queue) { context in
            _ = try await context.place(by: try await context.peer())
        }
        let harness = StuckHarness(base: InMemoryHarness(patience: .milliseconds(50)), launches: 9, deletes: false)
        let found = try #require(violation(await BrokerConformance(harness).run(scenario, kind: .queue)))
        #expect(found.sentence == "removing what the run made did not return within 500ms")
    }

    @Test(
        "what is to be prompt is so in two of three tries",
        arguments: [
            ([0, 0], nil), ([0, 300, 0], nil), ([300, 0, 0], nil), ([300, 300], "300ms, 300ms"),
            ([300, 0, 300], "300ms, 300ms"),
            ([0, 300, 400], "300ms, 400ms"),
        ] as [([Int], String?)])
    func promptnessIsTwoOfThree(_ tries: [Int], _ said: String?) async throws {
        let scenario = Scenario(1, "It is prompt.", .queue) { context in
            var rest = tries[...]
            try await context.requirePrompt("it", within: .milliseconds(250)) { .milliseconds(rest.popFirst() ?? 0) }
            try context.require(rest.isEmpty, "\(rest.count) tries were left")
        }
        let result = await BrokerConformance(InMemoryHarness()).run(scenario, kind: .queue)
        #expect(violation(result)?.sentence == said.map { "it took over 250ms in two of three tries: \($0)" })
    }

    @Test func whatTheBrokerRefusesIsExcludedWithItsReason() async throws {
        let scenario = Scenario(1, "It can.", .stream, needs: [.operation(.delay)]) { _ in }
        guard case .excluded(let reason) = await BrokerConformance(InMemoryHarness()).run(scenario, kind: .stream)
        else {
            Issue.record("a stream of the in-memory broker has no delays, but the scenario was run")
            return
        }
        #expect(reason == "delay is not offered for a stream")
    }

    @Test func whatTheHarnessCannotDoIsExcludedWithThatReason() async throws {
        let needs: [(Scenario.Need, String)] = [
            (.crash, "has no hold of its server"), (.link, "cannot disturb a link to its server"),
            (.kill, "cannot kill a client's process"),
        ]
        for (need, reason) in needs {
            let scenario = Scenario(1, "It can.", .queue, needs: [need]) { _ in }
            let harness = StuckHarness(base: InMemoryHarness(), launches: 9, deletes: true)
            guard case .excluded(let said) = await BrokerConformance(harness).run(scenario, kind: .queue) else {
                Issue.record("the scenario was run, though the harness \(reason)")
                continue
            }
            #expect(said == "the harness of inmemory \(reason)")
        }
    }

    @Test func whatWasDisturbedIsHealedAlsoWhenTheRunFails() async throws {
        let harness = InMemoryHarness()
        for isFrozen in [true, false] {
            let scenario = Scenario(1, "It stays.", .queue) { context in
                let peer = try await context.peer()
                _ = try await context.place(by: peer)
                if isFrozen { try await context.freeze() } else { try await peer.link?.blackHole() }
                throw ScenarioFailure("it does not")
            }
            #expect(violation(await BrokerConformance(harness).run(scenario, kind: .queue))?.sentence == "it does not")
            let after = Scenario(1, "It goes on.", .queue) { context in
                _ = try await context.place(by: try await context.peer())
            }
            #expect(violation(await BrokerConformance(harness).run(after, kind: .queue)) == nil)
        }
    }

    @Test func anEmulationIsReportedWithItsCost() async {
        let scenario = Scenario(1, "It can.", .queue, needs: [.operation(.order)]) { _ in }
        guard case .passed(let emulations) = await BrokerConformance(InMemoryHarness()).run(scenario, kind: .queue)
        else {
            Issue.record("the scenario did not pass")
            return
        }
        #expect(emulations == ["order: one consumer at a time receives, the others stand by"])
    }

    @Test func whatARunMadeIsRemovedAlsoWhenItFailsWithTheServerDown() async throws {
        let made = Observed<[Destination]>([])
        let scenario = Scenario(1, "It stays.", .queue, .stream) { context in
            let peer = try await context.peer()
            for _ in 0..<3 {
                let place = try await context.place(by: peer)
                made.change { $0.append(place.destination) }
            }
            try await context.crash()
            throw ScenarioFailure("it does not")
        }
        let harness = InMemoryHarness()
        for kind in scenario.kinds { _ = await BrokerConformance(harness).run(scenario, kind: kind) }
        let broker = InMemoryBroker(harness.memory)
        try await broker.connect { _ in }
        #expect(made.value.count == 6)
        for destination in made.value {
            let error = await #expect(throws: BrokerError.self) {
                try await broker.topology?.depth(of: destination, group: nil)
            }
            #expect(error?.code == .noSuchDestination)
        }
        #expect(await broker.health().consumers == 0)
    }

    @Test func everyScenarioHasItsOwnNumberOrLevelAndAKind() {
        let names = Scenario.all.map { "\($0.number) \($0.level.rawValue)" }
        #expect(Set(names).count == names.count)
        #expect(Scenario.all.allSatisfy { !$0.kinds.isEmpty && !$0.sentence.isEmpty })
        #expect(Scenario.numbered(77, .hub)?.number == 77)
        #expect(Scenario.numbered(77) == nil)
    }
}

extension TimeSource {
    /// Never returns before it is cancelled.
    fileprivate func sleepsForEver() async { try? await SystemTime.shared.sleep(for: .seconds(3600)) }
}

/// A harness whose waits are measured on a clock of the test's.
private struct TimedHarness: ConformanceHarness {
    let base: InMemoryHarness
    let time: any TimeSource
    var name: String { base.name }
    var patience: Duration { base.patience }
    func launch() async throws -> LaunchedBroker { try await base.launch() }
}

/// A harness that launches so many processes and no more, and whose brokers delete, or never return from it.
private struct StuckHarness: ConformanceHarness {
    let base: InMemoryHarness
    let deletes: Bool
    private let left: Observed<Int>

    init(base: InMemoryHarness, launches: Int, deletes: Bool) {
        self.base = base
        self.deletes = deletes
        left = Observed(launches)
    }

    var name: String { base.name }
    var patience: Duration { base.patience }

    func launch() async throws -> LaunchedBroker {
        let isLeft = left.change { left in
            left -= 1
            return left >= 0
        }
        if !isLeft { await SystemTime.shared.sleepsForEver() }
        let broker = try await base.launch().broker
        return LaunchedBroker(deletes ? broker : StuckBroker(base: broker))
    }
}

/// A broker that never returns from a delete.
private struct StuckBroker: BrokerDecorator {
    let base: any MessageBroker

    var topology: (any TopologyAdministration)? { base.topology.map { Topology(base: $0) } }

    private struct Topology: TopologyAdministration {
        let base: any TopologyAdministration

        func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
            try await base.depth(of: destination, group: group)
        }

        func purge(_ destination: Destination) async throws(BrokerError) -> Int { try await base.purge(destination) }

        func delete(_ destination: Destination) async throws(BrokerError) { await SystemTime.shared.sleepsForEver() }
    }
}
