import Messaging
import MessagingReliability
import Testing

@testable import MessagingHub

@Suite struct RouteConfigurationPoliciesTests {
    @Test(
        "Who keeps what is given up; on pubSub, which hands out nothing twice, nobody does",
        arguments: [
            (DeadLetterRoute.byDefault, FailurePolicy.DeadLetters.hub), (.topic("failed"), .hub),
            (.broker("failed"), .broker), (.none, .none),
        ])
    func deadLetters(named: DeadLetterRoute, expected: FailurePolicy.DeadLetters) throws {
        for kind in DestinationKind.allCases {
            var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: kind)
            route.deadLetter = named
            let policy = route.failurePolicy(crashCount: .none)
            #expect(policy.deadLetters == (kind == .pubSub ? .dropped : expected))
            let topic = try Route(name: "orders", configuration: route).deadLetterTopic(of: "orders")
            #expect((topic == nil) == (kind == .pubSub || expected != .hub))
        }
    }
}
