import Foundation
import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@testable import MessagingHub

/// What a hub asks of its brokers for its status, and what becomes of brokers that do not answer.
@Suite(.timeLimit(.minutes(5))) struct StatusAskingTests {
    /// A broker in memory that can be told to answer no question, and whom no cancellation impresses.
    private final class Mute: BrokerDecorator, TopologyAdministration {
        let base: any MessageBroker
        private let speaks = Lock<Signal?>(nil)
        private let hears: Bool
        let asked = Recorder<Topic>()

        init(_ base: any MessageBroker, hears: Bool) {
            self.base = base
            self.hears = hears
        }

        func fallSilent() { speaks.withLock { $0 = Signal() } }
        func speak() {
            speaks.withLock { signal in
                signal?.fire()
                signal = nil
            }
        }

        private func answer() async {
            guard let signal = speaks.withLock({ $0 }) else { return }
            if hears { await signal.wait(on: SystemTime.shared) } else { await signal.waitUncancelled() }
        }

        func health() async -> BrokerHealth {
            await answer()
            return await base.health()
        }

        var topology: (any TopologyAdministration)? { self }

        func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
            asked.add(destination.topic)
            await answer()
            guard let topology = base.topology else { throw BrokerError(.unsupported, "nothing to ask") }
            return try await topology.depth(of: destination, group: group)
        }

        func purge(_ destination: Destination) async throws(BrokerError) -> Int { 0 }
        func delete(_ destination: Destination) async throws(BrokerError) {}
    }

    /// A hub with a broker in memory and one that can fall silent, each with one queue in which three messages wait.
    private final class Bench: Sendable {
        let time = VirtualTime()
        let mute: Mute
        let directory: StatusDirectory
        private let fixture: HubFixture

        init(hears: Bool = true, queues: Int = 1) throws {
            let path = FileManager.default.temporaryDirectory.appending(path: "hub-status-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let environment = ["XDG_RUNTIME_DIR": path]
            directory = StatusDirectory(environment)
            mute = Mute(InMemoryBroker(InMemoryServer(time: time), name: "quiet"), hears: hears)
            var fixture = HubFixture(time: time)
            try fixture.route("orders")
            fixture.configuration.brokers["quiet"] = BrokerConfiguration("quiet")
            for number in 0..<queues {
                let name = "quiet.\(number)"
                fixture.configuration.routes[RouteName(name)] = RouteConfiguration(
                    try TopicPattern(name, style: .amqp), to: "quiet", as: .queue)
            }
            fixture.environment.status = StatusReporting(command: "test", environment: environment)
            self.fixture = fixture
        }

        deinit { try? FileManager.default.removeItem(atPath: directory.path) }

        var status: HubStatus? { (try? HubStatus.seen(in: directory))?.running.first }
        func broker(_ name: String) -> HubStatus.Broker? { status?.brokers.first { $0.name == name } }

        func run(_ body: (MessageHub) async throws -> Void) async throws {
            let profile = BrokerProfile(
                type: "quiet", scheme: "quiet", options: OptionGroup([]), capabilities: mute.capabilities,
                limits: mute.limits)
            let factory = BrokerFactory(profile) { [mute] (_, _, _) throws(BrokerError) -> any MessageBroker in mute }
            try await withHub(
                fixture.configuration, brokers: [.inMemory(fixture.server), factory],
                environment: fixture.environment, body)
        }
    }

    @Test func aSilentBrokerIsSaidToBeSoAndTheOthersAreAskedOn() async throws {
        let bench = try Bench()
        try await bench.run { hub in
            for topic in ["orders", "quiet.0"] as [Topic] { try await hub.publish([Message(), Message()], to: topic) }
            try await advancing(bench.time, by: .seconds(1), until: "both counted") { bench.status?.lag == 4 }
            #expect(bench.status?.countsAreOld == false && bench.status?.destinations == 2)
            bench.mute.fallSilent()
            try await advancing(bench.time, by: .milliseconds(250), until: "silent") {
                bench.broker("quiet")?.state == "silent"
            }
            let reason = try #require(bench.broker("quiet")?.reason)
            #expect(reason.hasPrefix("does not answer since ") && reason.hasSuffix("; it was connected"))
            // What is known of it last stays, and is marked; the other one is still asked.
            #expect(bench.status?.countsAreOld == true && bench.status?.lag == 4)
            try await hub.publish(Message(), to: "orders")
            try await advancing(bench.time, by: .milliseconds(250), until: "the other one's") { bench.status?.lag == 5 }
            #expect(bench.broker("memory")?.state == "connected" && bench.broker("quiet")?.reason == reason)
            bench.mute.speak()
            try await advancing(bench.time, by: .seconds(1), until: "it answers again") {
                bench.broker("quiet")?.state == "connected" && bench.status?.countsAreOld == false
            }
        }
    }

    @Test(arguments: [true, false]) func aBrokerThatNeverAnswersHoldsUpNoEnd(hears: Bool) async throws {
        let bench = try Bench(hears: hears)
        let hasEnded = Signal()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await bench.run { _ in
                    bench.mute.fallSilent()
                    try await advancing(bench.time, by: .seconds(1), until: "silent") {
                        bench.broker("quiet")?.state == "silent"
                    }
                }
                hasEnded.fire()
            }
            let isOver = await hasEnded.wait(atMost: .seconds(30), on: SystemTime.shared)
            #expect(isOver, "the hub waits for its broker")
            bench.mute.speak()
            try await tasks.waitForAll()
        }
        #expect(try bench.directory.files().isEmpty)
    }

    @Test func whatDoesNotAnswerInTimeIsOldThoughItsBrokerIsConnected() {
        var answers = StatusAnswers.Answers()
        answers.openDepth = (.now, .seconds(10))
        #expect(!answers.isOld(at: .seconds(12)) && answers.isOld(at: .seconds(13)))
        #expect(answers.silent(at: .seconds(99)) == nil)
    }

    @Test func ofManyDestinationsEachHasItsTurn() async throws {
        let bench = try Bench(queues: 257)
        let first = Lock<HubStatus?>(nil)
        try await bench.run { _ in
            try await advancing(bench.time, by: .seconds(1), until: "all counted") {
                let status = bench.status
                if status?.destinationsCounted ?? 0 > 1 {
                    first.withLock { $0 = $0 ?? status }
                }
                return status?.destinationsCounted == 258
            }
        }
        #expect(first.withLock { $0?.destinations } == 258)
        #expect(Set(bench.mute.asked.all).count == 257)
        let turns = bench.mute.asked.all.prefix(100)
        #expect(Set(turns).count == 100)
    }
}
