import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import Testing

@Suite struct RouteReportTests {
    @Test(
        "A repetition of a publish that can never come is pointed out",
        arguments: [(2, 10, true), (2, 0, false), (1, 10, false)])
    func uselessRetry(attempts: Int, seconds: Int, isSaid: Bool) throws {
        var route = RouteConfiguration(TopicPattern("orders"), to: "memory", as: .queue)
        route.publishDeadline = .seconds(1)
        route.publishRetry = RetryPolicy(attempts: attempts, delay: .seconds(seconds))
        let configuration = HubConfiguration(
            brokers: ["memory": BrokerConfiguration(.inMemory)], routes: ["orders": route])
        let notes = try #require(configuration.report(profiles: [.inMemory], registered: []).routes.first).notes
        #expect(notes.contains { $0.hasPrefix("a failed publish is never repeated: ") } == isSaid)
    }

    @Test(
        "A breaker that is open for longer than a hold allows is pointed out, where it stands, with what would be right",
        arguments: [
            ("max-hold: 10m\n    circuit-breaker: {failures: 3, reset: 541s}", "10:43", "541s", "10m"),
            ("max-hold: 10s\n    circuit-breaker: {}", "10:22", "30s", "10s"),
            ("circuit-breaker: {reset: '${LONG}'}", "9:30", "the value of ${LONG}", "30m"),
            ("circuit-breaker: {reset: 540s}\n    max-hold: 10m", nil, "", ""),
            ("publish: {circuit-breaker: {reset: 1h}}\n    max-hold: 10m", nil, "", ""),
        ])
    func longBreak(lines: String, place: String?, reset: String, hold: String) throws {
        let configuration = try Loading.load(Loading.route(lines), ["LONG": "2h"])
        let report = configuration.report(profiles: Loading.profiles, registered: [])
        let notes = try #require(report.routes.first).notes.filter { $0.contains("circuit-breaker") }
        let expected = place.map { place in
            "hub.yaml:\(place): routes.orders.circuit-breaker.reset: \(reset) is over nine tenths of max-hold, \(hold),"
                + " so that the subscription pauses and gives back what it holds each time the circuit opens; lower it, or"
                + " raise max-hold"
        }
        #expect(notes == [expected].compactMap { $0 })
        // On pubSub nothing is held.
        let live = try Loading.load(Loading.route(lines, kind: "pubsub"), ["LONG": "2h"])
            .report(profiles: Loading.profiles, registered: [])
        #expect(live.routes.first?.notes.contains { $0.contains("reset") } == false)
    }

    @Test func aBreakerThatAProgramHasSetIsPointedOutWithoutAPlace() throws {
        var route = RouteConfiguration(TopicPattern("orders"), to: "memory", as: .queue)
        route.breaker = CircuitBreakerPolicy(reset: .seconds(60))
        route.maxHold = .seconds(60)
        let configuration = HubConfiguration(
            brokers: ["memory": BrokerConfiguration(.inMemory)], routes: ["orders": route])
        let notes = try #require(configuration.report(profiles: [.inMemory], registered: []).routes.first).notes
        let start = "routes.orders.circuit-breaker.reset: 1m is over nine tenths of max-hold, 1m, so that"
        #expect(notes.contains { $0.hasPrefix(start) })
    }
}
