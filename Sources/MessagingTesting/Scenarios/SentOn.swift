import Messaging
import MessagingHub

/// Scenario 101 at the hub: what a handler returns goes to another broker, which a settlement cannot reach.
enum SentOn {
    static let all: [Scenario] = [
        Scenario(
            101, ForwardingScenarios.confirmedFirst,
            why: "A flow from one broker to another would lose what the second does not take.",
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: isThereFirst)
    ]

    static func isThereFirst(_ context: ScenarioContext) async throws {
        let target = context.nowhere(.queue)
        let (message, copy, filler) = (context.message(), context.message("copy"), context.message("filler"))
        let (place, peer) = (context.nowhere(), try await context.peer())
        let isBounded = context.can(.bounded, .queue)
        if !isBounded { context.notMeasured("a refusal", because: "the broker bounds no queue") }
        let handler = context.handler()
        try await context.withHub(
            at: place, routes: ["target": route(to: target, isBounded: isBounded)],
            beside: ["other": try await context.process().broker],
            route: { $0.retry = AttemptScenarios.policy(1000) }
        ) { hub in
            if isBounded { try await hub.publish(filler, to: target.destination.topic) }
            try await hub.subscribe(forwardingFrom: place.destination.topic, group: place.group) { delivery in
                try await handler.handle(delivery)
                return [ForwardedMessage(copy, to: target.destination.topic)]
            }
            try await hub.publish(message, to: place.destination.topic)
            if isBounded {
                // Before somebody reads: what is handed to a reader leaves room on brokers that bound what waits.
                let isRunAgain = await handler.waits(for: 2, within: context.patience)
                try context.require(
                    isRunAgain, "another broker refused what a handler sends on, and its message did not come again",
                    about: [message.id, copy.id])
            }
            let reader = try await peer.subscribe(target)
            if isBounded { try await reader.accept(try await reader.take(1)) }
            let arrived = try await reader.take(1)
            try context.requireExactly(arrived, [copy.id], "what a handler sends to another broker")
            try await reader.accept(arrived)
        }
        try await context.nothingComesBack(from: place, because: "what its handler sends on is there")
        if context.canCrash(for: "a crash between what is sent on and its accept") {
            for number in [1, 12] { try await survivesACrash(context, after: number) }
        }
    }

    /// The server is killed while thirty messages are sent on, as soon as so many were accepted.
    private static func survivesACrash(_ context: ScenarioContext, after count: Int) async throws {
        let (place, target, messages) = (context.nowhere(), context.nowhere(.queue), context.messages(30))
        let (traffic, time) = (Observed(Traffic(), on: context.time), context.time)
        try await context.withHub(
            at: place, grace: .milliseconds(100), routes: ["target": route(to: target, isBounded: false)],
            beside: ["other": try await context.process().broker], over: { TrafficMeter($0, into: traffic) },
            route: { $0.concurrency = 2 }
        ) { hub in
            try await hub.publish(messages, to: place.destination.topic)
            try await hub.subscribe(forwardingFrom: place.destination.topic, group: place.group) { delivery in
                try await time.sleep(for: .milliseconds(1))
                return [ForwardedMessage(delivery.message, to: target.destination.topic)]
            }
            let isUnderWay = await traffic.first(within: context.patience) { $0.settled("accept") >= count } != nil
            try context.require(isUnderWay, "\(count) of 30 messages that are sent on were not accepted")
            try await context.crash()
        }
        try await context.restart()
        let ids = messages.map(\.id)
        let back = try await context.nothingComesBack(from: place, but: ids, because: "nobody published it")
        let there = try await context.nothingComesBack(from: target, but: ids, because: "nobody sent it on")
        let found = Set((back + there).map(\.message.id))
        let lost = ids.filter { !found.contains($0) }
        try context.require(
            lost.isEmpty, "of \(context.names(lost)) neither the original nor what was sent on is left: lost",
            about: lost)
    }

    /// A queue of the other broker, which takes one message and refuses the next.
    private static func route(to target: Place, isBounded: Bool) -> RouteConfiguration {
        var route = RouteConfiguration(TopicPattern(target.destination.topic), to: "other", as: .queue)
        if isBounded {
            route.maximumMessages = 1
            route.whenFull = .refuse
        }
        route.deadLetter = .none
        route.publishRetry = AttemptScenarios.policy(1)
        return route
    }
}
