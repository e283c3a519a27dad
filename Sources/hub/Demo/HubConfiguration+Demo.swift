import Messaging
import MessagingHub
import MessagingReliability

extension HubConfiguration {
    /// What the demonstration runs on when nothing else is said: as `configs/development.yaml`.
    static let demo: HubConfiguration = {
        let retry = RetryPolicy(attempts: 3, delay: .milliseconds(10), maximumDelay: .seconds(1))
        var tasks = RouteConfiguration(TopicPattern(DemoTopics.tasks), to: "main", as: .queue)
        tasks.retry = retry
        tasks.deadLetter = .topic("demo.tasks.dead")
        var events = RouteConfiguration(TopicPattern(DemoTopics.events), to: "main", as: .stream)
        events.retry = retry
        events.groups = ["analytics": .init(), "audit": .init()]
        var live = RouteConfiguration(TopicPattern(DemoTopics.live), to: "main", as: .pubSub)
        live.concurrency = 4
        return HubConfiguration(
            brokers: ["main": BrokerConfiguration(.inMemory)],
            routes: ["tasks": tasks, "events": events, "live": live], grace: .seconds(10))
    }()
}

/// The topics of the demonstration.
enum DemoTopics {
    static let tasks: Topic = "demo.tasks"
    static let events: Topic = "demo.events"
    static let live: Topic = "demo.live"
    static let all = [tasks, events, live]
}
