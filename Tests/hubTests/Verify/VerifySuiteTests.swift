import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

@testable import hub

@Suite(.timeLimit(.minutes(2))) struct VerifySuiteTests {
    private func scenario(
        _ number: Int, _ kinds: DestinationKind..., needs: [Scenario.Need] = [],
        body: @escaping @Sendable (ScenarioContext) async throws -> Void = { _ in }
    ) -> [VerifyPlan.Line] {
        kinds.map { kind in
            let scenario = Scenario(
                number, "Scenario \(number).", why: "Nothing would hold.", kind, needs: needs, body: body)
            return VerifyPlan.Line(scenario: scenario, kind: kind)
        }
    }

    private func subject(width: Int = 4, _ harness: any ConformanceHarness = InMemoryHarness()) -> VerifySubject {
        VerifySubject("main", .inMemory, width: width) { harness }
    }

    /// Runs lines to the end; what was told of, in this order.
    private func told(_ lines: [VerifyPlan.Line], _ subject: VerifySubject) async -> ([[VerifyOutcome]], VerifyCount) {
        var told: [[VerifyOutcome]] = []
        let suite = VerifySuite(subject: subject, lines: lines, seed: 7)
        let count = await suite.run(until: { false }, showing: { _, _ in }) { told.append($0) }
        return (told, count)
    }

    @Test func scenariosAreToldOfInTheirOrderWhateverOrderTheyEndIn() async {
        let isDone = Observed(false)
        let lines =
            scenario(1, .queue, .stream) { context in
                if context.kind == .stream { _ = await isDone.first(within: .seconds(30)) { $0 } }
            } + scenario(2, .queue) { _ in isDone.change { $0 = true } } + scenario(3, .pubSub)
        let (told, count) = await told(lines, subject())
        #expect(told.map { $0.map(\.line.scenario.number) } == [[1, 1], [2], [3]])
        #expect(told.first?.map(\.line.kind) == [.queue, .stream])
        #expect(count.held == 4 && count.ended == 4 && count.all == 4)
    }

    @Test(arguments: [1, 3]) func noMoreRunAtATimeThanTheSubjectTakes(width: Int) async {
        let running = Observed((now: 0, most: 0))
        let lines = (1...9).flatMap { number in
            scenario(number, .queue) { context in
                running.change { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                // Those that can run beside it do, before it ends.
                _ = await running.first(within: .milliseconds(width == 1 ? 20 : 2000)) { $0.now >= width && width > 1 }
                running.change { $0.now -= 1 }
            }
        }
        let (_, count) = await told(lines, subject(width: width))
        #expect(count.held == 9)
        #expect(running.value.most == width)
    }

    @Test func whatFailsIsSaidWithItsExcerptAndMakesTheStatusOne() async {
        let lines = scenario(1, .queue) { _ in throw ScenarioFailure("it does not") } + scenario(2, .queue)
        let (told, count) = await told(lines, subject())
        #expect(count.failed == 1 && count.held == 1)
        let text = VerifyText.promise(told.first ?? [], .plain)
        #expect(text.hasPrefix("       1  Scenario 1.\n          queue: FAILS: it does not (seed 7)"))
        #expect(
            told.first?.first.map(VerifyJSON.text)?.contains(#""result":"failed","reason":"it does not (seed 7)""#)
                == true)
        #expect(VerifyText.verdict(on: subject(), count, in: .milliseconds(1260), .plain).hasSuffix("1 fail; 1.3 s"))
    }

    /// A text that is wrapped, with one blank between its words.
    private func words(_ outcomes: [VerifyOutcome]?) -> String {
        VerifyText.promise(outcomes ?? [], .plain).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test func whatNeedsTheServersProcessIsNotRunWithoutCommands() async {
        let harness = ConfiguredHarness("main", OptionValues(), .inMemory(InMemoryServer()))
        let lines = scenario(1, .queue, needs: [.crash]) + scenario(2, .queue)
        let (told, count) = await told(lines, subject(harness))
        #expect(count.excluded == 1 && count.held == 1)
        let text = words(told.first)
        #expect(
            text.hasSuffix("queue: not run: no hold of the server's process; --with-faults names commands for it"))
    }

    @Test(
        "what cannot be done to a configured broker says what would do",
        arguments: [
            (35, "BrokerProxy"), (68, "publishForeign"), (72, "obstacles"), (79, "--with-faults"), (82, "BrokerProxy"),
            (83, "BrokerProxy"), (84, "PeerProcess"), (85, "PeerProcess"), (86, "BrokerProxy"), (89, "BrokerProxy"),
            (99, "BrokerProxy"),
        ])
    func whatWouldDo(_ number: Int, _ remedy: String) async throws {
        let scenario = try #require(Scenario.numbered(number))
        let kind = try #require(scenario.kinds.last)
        let harness = ConfiguredHarness("main", OptionValues(), .inMemory(InMemoryServer()))
        let (told, count) = await told([VerifyPlan.Line(scenario: scenario, kind: kind)], subject(harness))
        #expect(count.excluded == 1)
        #expect(VerifyText.promise(told.first ?? [], .plain).contains(remedy))
    }

    @Test("what the broker cannot do is said of it, also where its server is not in hand")
    func ownRefusal() async {
        var capabilities = BrokerProfile.inMemory.capabilities
        capabilities.operations[.queue]?[.order] = .refused(reason: "it keeps none")
        let profile = BrokerProfile(
            type: .inMemory, scheme: "memory", options: OptionGroup([]), capabilities: capabilities,
            limits: BrokerProfile.inMemory.limits)
        let server = InMemoryServer()
        let factory = BrokerFactory(profile) { name, _, _ in InMemoryBroker(server, name: name, profile: profile) }
        let harness = ConfiguredHarness("main", OptionValues(), factory)
        let (told, count) = await told(scenario(1, .queue, needs: [.crash, .operation(.order)]), subject(harness))
        #expect(count.excluded == 1)
        #expect(VerifyText.promise(told.first ?? [], .plain).hasSuffix("queue: not run: it keeps none"))
    }

    @Test("what was not measured is not called native")
    func measuredInPart() async {
        let lines =
            scenario(1, .queue) { $0.notMeasured("a crash", because: "nobody can") }
            + scenario(2, .queue, needs: [.operation(.order)]) { $0.notMeasured("a crash", because: "nobody can") }
        let (told, count) = await told(lines, subject())
        #expect(count.held == 2 && count.emulated == 1)
        let verdict = VerifyText.verdict(on: subject(), count, in: .zero, .plain)
        #expect(verdict.hasPrefix("\nmain: 2 hold, 1 of them emulated, 2 measured in part; 0 not run; "))
        let texts = told.map { words($0) }
        #expect(texts.first?.hasSuffix("queue: holds as far as measured: not measured: a crash, nobody can") == true)
        #expect(texts.last?.contains("queue: holds by an emulation, as far as measured: order: one consumer") == true)
    }

    @Test func interruptedItEndsWhatRunsAndRemovesWhatWasMade() async throws {
        let server = InMemoryServer()
        let made = Observed<[Destination]>([])
        let lines = (1...6).flatMap { number in
            scenario(number, .queue) { context in
                let place = try await context.place(by: try await context.peer())
                made.change { $0.append(place.destination) }
                try await context.time.sleep(for: .seconds(3600))
            }
        }
        let suite = VerifySuite(subject: subject(width: 3, InMemoryHarness(server)), lines: lines, seed: 7)
        let count = await suite.run(until: { made.value.count == 3 }, showing: { _, _ in }) { outcomes in
            Issue.record("\(outcomes.count) outcomes were told of, though none had ended")
        }
        #expect(count.ended == 0 && count.all == 6)
        let broker = InMemoryBroker(server)
        try await broker.connect { _ in }
        #expect(made.value.count == 3)
        for destination in made.value {
            let error = await #expect(throws: BrokerError.self) {
                try await broker.topology?.depth(of: destination, group: nil)
            }
            #expect(error?.code == .noSuchDestination)
        }
    }

    @Test func interruptedItSaysWhatIsNotRemoved() async {
        let made = Observed(0)
        let lines = scenario(1, .queue) { context in
            _ = try await context.place(by: try await context.peer())
            made.change { $0 += 1 }
            try await context.time.sleep(for: .seconds(3600))
        }
        let suite = VerifySuite(subject: subject(KeepingHarness()), lines: lines, seed: 7)
        let count = await suite.run(until: { made.value == 1 }, showing: { _, _ in }) { _ in }
        #expect(count.remains == ["1 destinations cannot be deleted; what stays has to be removed by hand"])
    }

    @Test func aBrokerThatCannotBeConnectedToIsSaidAndTheOthersAreVerified() async throws {
        let down = InMemoryServer()
        down.kill()
        let console = RecordingConsole()
        let run = VerifyRun(VerifyOptions(Invocation()), console.console())
        let subjects = [
            VerifySubject("away", .inMemory, width: 1) { InMemoryHarness(down) }, subject(),
        ]
        let status = await run.verify(subjects, try VerifyPlan(["5"], kind: .queue), nil)
        #expect(status == .failure)
        #expect(
            console.errors == ["hub verify: broker away cannot be connected to: the in-memory server is down; start it"]
        )
        #expect(console.output.contains("main: 1 hold, 0 of them emulated; 0 not run; 0 fail; "))
    }
}

/// A harness whose brokers have no power to delete.
private struct KeepingHarness: ConformanceHarness {
    let base = InMemoryHarness()
    var name: String { base.name }

    func launch() async throws -> LaunchedBroker { LaunchedBroker(Keeper(base: try await base.launch().broker)) }

    private struct Keeper: BrokerDecorator {
        let base: any MessageBroker
        var topology: (any TopologyAdministration)? { nil }
    }
}
