import Messaging
import MessagingHub

/// Scenario 88: what failing handlers cost those that do not fail.
enum FailureTraffic {
    static let all: [Scenario] = [
        Scenario(
            88,
            """
            1 % of handlers failing retryably causes no reconnect, and no receive or settle round trips beyond one \
            each per failure.
            """,
            why: """
                A few failing messages, which every service has, would slow down all the others, or tear down the \
                connection that they share.
                """,
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: costsNoMore)
    ]

    /// Every hundredth of 1,000 messages fails once.
    static func costsNoMore(_ context: ScenarioContext) async throws {
        let (place, messages) = (context.nowhere(), context.messages(1000))
        let failing = Set(messages.indices.filter { $0 % 100 == 50 }.map { messages[$0].id })
        let traffic = Observed(Traffic(), on: context.time)
        let handler = context.handler { run in
            if run.attempt == 1, failing.contains(run.message.id) { throw AttemptScenarios.Fault() }
        }
        try await context.withHub(
            at: place, over: { TrafficMeter($0, into: traffic) }, route: { $0.retry = AttemptScenarios.policy(3) }
        ) { hub in
            try await hub.publish(messages, to: place.destination.topic)
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            var accepted = 0
            while accepted < messages.count {
                let before = accepted
                let more = await traffic.first(within: context.patience) { $0.settled("accept") > before }
                accepted = more?.settled("accept") ?? before
                try context.require(
                    accepted > before, "of 1000 messages of which 10 failed once, \(before) were accepted")
            }
        }
        try requireNoMore(context, traffic.value, failures: failing.count, handler, messages)
    }

    private static func requireNoMore(
        _ context: ScenarioContext, _ traffic: Traffic, failures: Int, _ handler: RecordingHandler,
        _ messages: [Message]
    ) throws {
        let isCut = traffic.events.contains { if case .down = $0 { true } else { false } }
        try context.require(
            traffic.connects == 1 && !isCut && traffic.subscriptions.count == 1,
            "failing handlers led to \(traffic.connects) connects, \(traffic.subscriptions.count) subscriptions and "
                + "a connection that was \(isCut ? "cut" : "kept")")
        let runs = Dictionary(grouping: handler.handled, by: \.message.id).mapValues(\.count)
        let repeated = messages.map(\.id).filter { (runs[$0] ?? 0) > 1 }
        try context.require(
            repeated.count == failures, "\(repeated.count) messages ran more than once, though \(failures) failed",
            about: repeated)
        let receives = traffic.receives.count { !$0.isNew }
        try context.require(
            receives <= failures, "\(failures) failures cost \(receives) receives that brought nothing new")
        let settles = traffic.settles.count { !$0.verbs.contains("accept") }
        let retries = traffic.settles.reduce(0) { sum, settle in sum + settle.verbs.count { $0 != "accept" } }
        try context.require(
            settles <= failures && retries == failures,
            "\(failures) failures cost \(retries) settlements of their own, in \(settles) calls for nothing else")
    }
}
