import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

/// What asks for more than it gets is refused: by a load, by a report, when a hub is made, and when its servers have answered.
@Suite(.timeLimit(.minutes(5))) struct ShortfallTests {
    private func problems(_ lines: String, kind: String = "queue", type: String = "inmemory") -> [String] {
        Loading.problems(Loading.route(lines, type: type, kind: kind))
    }

    @Test("A load names what lowers a guarantee, each thing for itself, with the remedy")
    func load() {
        #expect(
            problems("guarantee: at-least-once", kind: "pubsub") == [
                "hub.yaml:9:16: routes.orders.guarantee: at least once is asked for, and it is at most once: whoever does not "
                    + "listen misses it; make it kind: queue or stream"
            ])
        let found = problems("guarantee: effectively-once\n    durable: false", type: "rabbitmq")
        #expect(found.count == 2)
        #expect(
            found.contains { $0.contains("durable: false loses what waits when the broker ends; give that option") })
        #expect(found.contains { $0.contains("a copy is handled again: nothing is deduplicated; set deduplicate") })
        for fine in ["at-most-once", "at-least-once"] { #expect(problems("guarantee: \(fine)").isEmpty) }
        #expect(problems("guarantee: effectively-once\n    deduplicate: {}").isEmpty)
    }

    @Test("A bridge that asks for more than it gets is refused at its own place")
    func bridge() {
        let text = """
            brokers: {main: {type: rabbitmq}, spare: {type: inmemory}}
            routes:
              a: {topic: a, broker: main, kind: queue, publish: {accepts-duplicates: false}}
              b: {topic: b, broker: spare, kind: queue}
            subscriptions:
              it: {topic: a, to: b, guarantee: effectively-once}

            """
        let place =
            "hub.yaml:6:36: subscriptions.it.guarantee: effectively once is asked for, and it is at least once: "
        #expect(
            Loading.problems(text) == [
                place
                    + "a crash after the publish and before the accept makes a copy: the target is on another broker; "
                    + "deduplicate the route of the target"
            ])
        func deduplicated(_ window: String) -> String {
            text.replacing("spare, kind: queue", with: "spare, kind: queue, deduplicate: \(window)")
        }
        #expect(Loading.problems(deduplicated("30m")).isEmpty)
        let remedy = "raise window in deduplicate of route b to that, or lower max-hold of route a"
        let short = "a copy may come 30m after the first, by max-hold of route a, and copies are known for 10m only"
        #expect(Loading.problems(deduplicated("{}")) == ["\(place)\(short); \(remedy)"])
        let hidden = "a copy may come, by max-hold of route a, when the first is not known any more"
        #expect(Loading.problems(deduplicated("'${W}'"), ["W": "10m"]) == ["\(place)\(hidden); \(remedy)"])
        #expect(Loading.problems(text.replacing("effectively-once", with: "at-least-once")).isEmpty)
    }

    @Test("A value that came from a variable is not shown")
    func hidden() throws {
        let text = Loading.route("guarantee: '${WISH}'", kind: "pubsub")
        let found = Loading.problems(text, ["WISH": "at-least-once"])
        #expect(found.count == 1 && found[0].contains("guarantee: the value of ${WISH} is asked for"))
    }

    private static let lasting: BrokerProfile = {
        var capabilities = BrokerProfile.inMemory.capabilities
        capabilities.operations[.queue]?[.durable] = .native
        return BrokerProfile(
            type: "lasting", scheme: "lasting", options: OptionGroup([]), capabilities: capabilities,
            limits: BrokerProfile.inMemory.limits)
    }()

    private struct Asked: BrokerDecorator {
        let base: any MessageBroker
        let durability: BrokerDurability?
        var capabilities: BrokerCapabilities { ShortfallTests.lasting.capabilities }
    }

    private func factory(_ durability: BrokerDurability?) -> BrokerFactory {
        let server = InMemoryServer()
        return BrokerFactory(Self.lasting) { name, _, _ throws(BrokerError) in
            Asked(base: InMemoryBroker(server, name: name), durability: durability)
        }
    }

    private func configuration(_ edit: (inout RouteConfiguration) -> Void) -> HubConfiguration {
        var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
        edit(&route)
        return HubConfiguration(brokers: ["main": BrokerConfiguration("lasting")], routes: ["orders": route])
    }

    @Test("A report, and a hub, know where handled messages are remembered; a load leaves it to the program")
    func store() throws {
        var configuration = configuration { $0.guarantee = .effectivelyOnce }
        configuration.routes["archive"] = RouteConfiguration(TopicPattern("archive"), to: "main", as: .queue)
        var policy = DeduplicationPolicy()
        policy.window = .seconds(1800)
        configuration.routes["archive"]?.deduplicate = policy
        configuration.routes["orders"]?.guarantee = nil
        configuration.subscriptions["it"] = SubscriptionConfiguration(
            "orders", .publish(to: "archive"), guarantee: .effectivelyOnce)
        #expect(configuration.problems(profiles: [Self.lasting]).isEmpty)
        let report = configuration.report(profiles: [Self.lasting], registered: [])
        #expect(report.problems.map(\.path.description) == ["subscriptions.it.guarantee"])
        #expect(report.subscriptions.map(\.promise.words) == ["at least once"])
        #expect(throws: ConfigurationError.self) { try MessageHub(configuration, brokers: [factory(nil)]) }
        let lasting = HubEnvironment(log: NoLog(), deduplication: LastingStore())
        let hub = try MessageHub(configuration, brokers: [factory(nil)], environment: lasting)
        #expect(hub.promise(of: SubscriptionName("it"))?.words == "effectively once")
    }

    @Test("After connect what the server has said counts: less than asked for ends the start, with the remedy")
    func connected() async throws {
        let configuration = configuration { $0.guarantee = .atLeastOnce }
        let forgetful = BrokerDurability(until: .server, "appendonly is no", remedy: "set appendonly yes")
        let sentence =
            "routes.orders.guarantee: at least once is asked for, and it is at most once: the server keeps nothing when it"
            + " ends: appendonly is no; set appendonly yes"
        do {
            try await withHub(
                configuration, brokers: [factory(forgetful)], environment: HubEnvironment(log: NoLog())
            ) { _ in }
            Issue.record("it started")
        } catch let error as ConfigurationError {
            #expect(error.problems.map(\.description) == [sentence])
        }
        for durability in [
            BrokerDurability(until: .disk, "fsync"), BrokerDurability(until: .process, "it is here"), nil,
        ] {
            try await withHub(
                configuration, brokers: [factory(durability)], environment: HubEnvironment(log: NoLog())
            ) { hub in
                #expect(hub.promise(of: RouteName("orders"))?.endsWithProcess == (durability?.extent == .process))
            }
        }
    }

    @Test("The start-up log has one line for each route and each subscription")
    func startUpLog() async throws {
        var fixture = HubFixture(logLevel: .info)
        try fixture.route("orders") { $0.order = .perKey }
        try fixture.route("prices", as: .pubSub)
        fixture.configuration.subscriptions["it"] = SubscriptionConfiguration("orders", .publish(to: "prices"))
        try await fixture.run { _ in }
        let lines = fixture.log.records(of: "guarantee computed").map { record in
            record.keys.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        }
        let lives = "the in-memory broker lives as long as its process; "
        #expect(
            lines == [
                "hub.route=orders hub.guarantee=at least once, while the process lives hub.order=key hub.reason=\(lives)"
                    + "a copy is handled again: nothing is deduplicated",
                "hub.route=prices hub.guarantee=at most once hub.order=none hub.reason=whoever does not listen misses it",
                "hub.subscription=it hub.guarantee=at most once hub.order=none hub.reason=\(lives)"
                    + "target prices: whoever does not listen misses it",
            ])
    }

    @Test("Of two brokers that are one the weaker counts")
    func pair() async throws {
        let (disk, server) = (BrokerDurability(until: .disk, "a"), BrokerDurability(until: .server, "b"))
        #expect(disk.shared(with: server) == server && server.shared(with: disk) == server)
        #expect(disk.shared(with: BrokerDurability(until: .process, "c")).extent == .process)
    }
}

/// A store that says that it outlives the process.
private struct LastingStore: DeduplicationStore {
    private let base = MemoryDeduplicationStore(on: SystemTime.shared)
    var endsWithProcess: Bool { false }

    func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> DeduplicationState { await base.begin(key, by: holder, for: lease) }
    func renew(_ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration) async throws -> Bool {
        await base.renew(key, by: holder, for: lease)
    }
    func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async throws { await base.finish(key, by: holder, keeping: retention) }
    func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async throws {
        await base.free(key, by: holder)
    }
}
