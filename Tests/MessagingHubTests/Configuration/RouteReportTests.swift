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
}
