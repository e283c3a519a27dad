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
