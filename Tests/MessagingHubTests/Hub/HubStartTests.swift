import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct HubStartTests {
    private func problems(_ configuration: HubConfiguration) -> String {
        do {
            _ = try MessageHub(configuration, brokers: [.inMemory()])
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func everyProblemIsNamedAtOnce() {
        var configuration = HubConfiguration(
            brokers: ["memory": BrokerConfiguration(.inMemory), "big": BrokerConfiguration(.kafka)], routes: [:])
        configuration.routes["a"] = RouteConfiguration(TopicPattern("a"), to: "nowhere", as: .queue)
        configuration.routes["b"] = RouteConfiguration(TopicPattern("same"), to: "memory", as: .queue)
        configuration.routes["c"] = RouteConfiguration(TopicPattern("same"), to: "memory", as: .stream)
        configuration.routes["d"] = RouteConfiguration(TopicPattern("d"), to: "memory", as: .stream)
        configuration.routes["d"]?.maximumPriority = 5
        let text = problems(configuration)
        for part in ["kafka", "factory", "nowhere", "routes.c", "routes.d", "priorit"] {
            #expect(text.contains(part), "\(part) is missing in: \(text)")
        }
    }

    /// The numbers of policies that no file has checked.
    @Test func badNumbersOfPoliciesInCodeAreNamedAtOnce() {
        func route(_ topic: Topic, _ edit: (inout RouteConfiguration) -> Void) -> RouteConfiguration {
            var route = RouteConfiguration(TopicPattern(topic), to: "memory", as: .queue)
            edit(&route)
            return route
        }
        let routes: [RouteName: RouteConfiguration] = [
            "a": route("a") {
                $0.breaker = CircuitBreakerPolicy(failures: 0, reset: .zero, probes: 0)
                $0.publishBreaker = CircuitBreakerPolicy(failures: -1, reset: .seconds(-1), probes: 1001)
                $0.retryBudget = 0
                $0.deduplicate = DeduplicationPolicy(window: .zero, maximumKeys: 0, lease: .zero)
            },
            "b": route("b") {
                $0.concurrency = 2
                $0.breaker = CircuitBreakerPolicy(probes: 3)
                $0.retry = RetryPolicy(attempts: 1)
                $0.retryBudget = 1
                $0.deduplicate = DeduplicationPolicy(window: .seconds(1), lease: .seconds(2))
            },
            "c": route("c") {
                $0.kind = .pubSub
                $0.retryBudget = 1
            },
        ]
        let configuration = HubConfiguration(brokers: ["memory": BrokerConfiguration(.inMemory)], routes: routes)
        let error = #expect(throws: ConfigurationError.self) {
            try MessageHub(configuration, brokers: [.inMemory()])
        }
        let durations = "give duration (500ms, 2s, 168h)"
        #expect(
            error?.problems.map(\.description) == [
                "routes.a.circuit-breaker.failures: \"0\" is not allowed; give integer, 1 to 10000",
                "routes.a.circuit-breaker.reset: \"0s\" is not allowed; \(durations), 1ms to 24h",
                "routes.a.circuit-breaker.probes: \"0\" is not allowed; give integer, 1 to 1000",
                "routes.a.publish.circuit-breaker.failures: \"-1\" is not allowed; give integer, 1 to 10000",
                "routes.a.publish.circuit-breaker.reset: \"-1s\" is not allowed; \(durations), 1ms to 24h",
                "routes.a.publish.circuit-breaker.probes: \"1001\" is not allowed; give integer, 1 to 1000",
                "routes.a.retry.budget: \"0\" is not allowed; give integer, 1 to 100000",
                "routes.a.deduplicate.window: \"0s\" is not allowed; \(durations), 1ms to 8760h",
                "routes.a.deduplicate.max-keys: \"0\" is not allowed; give integer, 1 to 10000000",
                "routes.a.deduplicate.lease: \"0s\" is not allowed; \(durations), 1ms to 8760h",
                "routes.b.circuit-breaker.probes: 3 is over concurrency, 2, the most handlers that run at once;"
                    + " lower it, or raise concurrency",
                "routes.b.retry.budget: counts retries, and with attempts: 1 there are none;"
                    + " remove it, or raise attempts",
                "routes.b.deduplicate.lease: 2s is over window, 1s; lower it, or raise window",
                "routes.c.retry.budget: pubsub has no retries: nothing comes again; remove it",
            ])
    }

    @Test func aBrokerThatCannotBeReachedIsNamed() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        fixture.server.kill()
        let error = await #expect(throws: BrokerError.self) { try await fixture.run { _ in } }
        #expect(error?.sentence.contains("broker memory") == true)
        #expect(error?.code == .unavailable)
    }

    @Test func whatWaitedForAHubThatDoesNotStartHasEnded() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        fixture.server.kill()
        let hub = try fixture.make()
        let subscription = try await hub.subscribe(to: "orders") { _ in }
        await #expect(throws: BrokerError.self) { try await hub.run() }
        #expect(subscription.state == .ended(nil))
        await #expect(throws: BrokerError.self) { try await hub.subscribe(to: "orders") { _ in } }
    }

    @Test func aDeclarationThatConflictsKeepsTheHubFromStarting() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") { $0.maximumPriority = 3 }
        try await fixture.run { _ in }
        try fixture.route("orders") { $0.order = .perKey }
        let error = await #expect(throws: BrokerError.self) { try await fixture.run { _ in } }
        #expect(error?.code == .conflict)
    }

    @Test func whatTheBodyThrowsIsThrown() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        await #expect(throws: Failing.self) { try await fixture.run { _ in throw Failing() } }
    }

    @Test func whatTheBodyReturnsIsReturned() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        #expect(try await fixture.run { _ in 7 } == 7)
    }
}
