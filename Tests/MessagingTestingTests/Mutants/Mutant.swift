import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

/// A broker with a single flaw, and the scenarios that must catch it.
struct Mutant: Sendable, CustomTestStringConvertible {
    /// What a scenario that catches it says.
    struct Catch: Sendable {
        let scenario: Int
        let level: Scenario.Level
        let sentence: String

        init(_ scenario: Int, _ sentence: String, _ level: Scenario.Level = .seam) {
            self.scenario = scenario
            self.level = level
            self.sentence = sentence
        }

        var name: String { "\(scenario) \(level.rawValue)" }
    }

    /// The flaw, in a sentence.
    let flaw: String
    /// Which scenarios turn red, with what each says; … stands for any text.
    let catches: [Catch]
    /// Which others it spoils too: a coarse flaw leaves little of a scenario.
    let spoilt: [Int]
    /// Which others it spoils where the machine is busy: what is too short may be long enough.
    let spoiltByChance: [Int]
    /// For which kinds they do.
    let kinds: [DestinationKind]
    /// Makes the flaw for one run: all brokers of the run share it, and with it what it remembers.
    let make: @Sendable () -> Flaw

    var testDescription: String { flaw }

    init(
        _ flaw: String, caughtBy catches: [Catch], spoiling spoilt: [Int] = [], byChance spoiltByChance: [Int] = [],
        for kinds: [DestinationKind] = DestinationKind.allCases, make: @escaping @Sendable () -> Flaw
    ) {
        self.flaw = flaw
        self.catches = catches
        self.spoilt = spoilt
        self.spoiltByChance = spoiltByChance
        self.kinds = kinds
        self.make = make
    }
}

/// The in-memory harness with a flaw before every broker.
struct FlawedHarness: ConformanceHarness {
    let base: InMemoryHarness
    let flaw: Flaw

    init(_ flaw: Flaw, before base: InMemoryHarness) {
        self.base = base
        self.flaw = flaw
    }

    var name: String { "\(base.name), flawed" }
    var patience: Duration { base.patience }
    var redeliveryTimeout: Duration { base.redeliveryTimeout }
    var heartbeat: Duration { base.heartbeat }
    var server: (any BrokerProcess)? { base.server }

    var surroundings: Surroundings {
        var surroundings = base.surroundings
        let obstacles = surroundings.obstacles
        surroundings.obstacles = (flaw.obstacles?(obstacles) ?? obstacles).map { obstacle in
            ConnectionObstacle(
                obstacle.kind, timeout: obstacle.timeout, secrets: obstacle.secrets,
                launch: { FlawedBroker(try await obstacle.launch(), flaw) }, sent: obstacle.sent)
        }
        return surroundings
    }

    func configured(_ configuration: HubConfiguration) -> HubConfiguration {
        var configuration = configuration
        flaw.configure?(&configuration)
        return configuration
    }

    func deduplicationStore(on time: any TimeSource) -> any DeduplicationStore {
        let store = base.deduplicationStore(on: time)
        return flaw.store?(store) ?? store
    }

    func watched(_ environment: HubEnvironment) -> HubEnvironment {
        var environment = environment
        flaw.watch?(&environment)
        return environment
    }

    func launch() async throws -> LaunchedBroker {
        let process = try await base.launch()
        return LaunchedBroker(
            FlawedBroker(process.broker, flaw), kill: flaw.killing(process.broker, process.kill), link: process.link)
    }

    func onVirtualTime(_ clock: VirtualTime) -> FlawedHarness? {
        base.onVirtualTime(clock).map { FlawedHarness(flaw, before: $0) }
    }
}
