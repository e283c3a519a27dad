import Messaging
import MessagingHub
import MessagingReliability

/// Scenario 20: nobody takes what is given up, so it is not given up.
enum KeptForEver {
    static let all: [Scenario] = [
        Scenario(
            20,
            """
            With `deadLetter: none` a handler that always fails runs 50 times (virtual clock) at the policy's delays, \
            then its longest, each met within 250 ms, one alarm standing; it is never accepted; on an ordered \
            destination the subscription pauses instead and no later message of it runs.
            """,
            why: """
                A message that nobody wanted would be lost without a word, or be tried so often that it leaves room \
                for nothing else.
                """,
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: isNeverGivenUp)
    ]

    static func isNeverGivenUp(_ context: ScenarioContext) async throws {
        try await context.onVirtualTime { context, clock in
            let peer = try await context.peer()
            let delay = clock == nil ? context.delay(20) : .seconds(1)
            try await runs(context, clock, peer, RetryPolicy(attempts: 5, delay: delay))
            if context.can(.order) { try await pauses(context, clock, peer, RetryPolicy(attempts: 3, delay: delay)) }
        }
    }

    private static func runs(
        _ context: ScenarioContext, _ clock: VirtualTime?, _ peer: Peer, _ policy: RetryPolicy
    ) async throws {
        let run = RetriedRun(context, on: clock, policy)
        let (place, message, log) = (context.nowhere(), context.message(), LogCollector())
        try await context.withHub(
            at: place, on: clock, over: { TrafficMeter($0, into: run.traffic) }, watchedBy: { $0.log = log },
            route: { route in
                route.retry = policy
                route.deadLetter = .none
            }
        ) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, run.handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            let (_, lateness) = try await context.measuringTheMachine { try await run.untilRun(50) }
            try run.requireDelays(of: message, lateness: lateness)
            try await requireOneAlarm(context, hub, about: message)
        }
        try requireToldOnce(context, log, message)
        try requireNeverGivenUp(context, run.traffic.value, message)
        clock?.advance(by: policy.longestDelay)
        try await requireBack(context, peer, place, [message.id])
    }

    private static func requireOneAlarm(
        _ context: ScenarioContext, _ hub: MessageHub, about message: Message
    ) async throws {
        let end = context.time.uptime + context.patience
        var alarms = await hub.health().alarms
        while alarms.isEmpty, context.time.uptime < end {
            try await context.time.sleep(for: .milliseconds(1))
            alarms = await hub.health().alarms
        }
        let text = alarms.values.first ?? ""
        let isAboutIt = text.contains(message.id.description) && !text.contains("more")
        try context.require(
            alarms.count == 1 && isAboutIt,
            "the alarms are \(alarms.values.sorted()), not one about \(context.names([message.id]))",
            about: [message.id])
    }

    /// An alarm that stands is told when it begins, and not with each run.
    private static func requireToldOnce(_ context: ScenarioContext, _ log: LogCollector, _ message: Message) throws {
        let count = log.records(of: "message kept").count
        try context.require(
            count == 1, "the log told \(count) times of one message that nobody takes, not once", about: [message.id])
    }

    private static func requireNeverGivenUp(
        _ context: ScenarioContext, _ traffic: Traffic, _ message: Message
    ) throws {
        for verb in ["accept", "forward", "discard"] {
            try context.require(
                traffic.settled(verb) == 0, "what nobody takes was settled as \(verb)", about: [message.id])
        }
    }

    private static func requireBack(
        _ context: ScenarioContext, _ peer: Peer, _ place: Place, _ ids: [MessageID]
    ) async throws {
        let member = try await peer.subscribe(place)
        let back = try await member.take(ids.count)
        try context.requireExactly(back, ids, "what nobody took")
        try await member.accept(back)
        try await member.cancel()
    }

    /// The first of three messages of one key always fails; the other two wait.
    private static func pauses(
        _ context: ScenarioContext, _ clock: VirtualTime?, _ peer: Peer, _ policy: RetryPolicy
    ) async throws {
        let run = RetriedRun(context, on: clock, policy, isOrdered: true)
        let (place, messages, log) = (context.nowhere(), context.messages(3, keys: 1), LogCollector())
        let isPaused = Observed(false, on: context.time)
        try await context.withHub(
            at: place, on: clock, over: { TrafficMeter($0, into: run.traffic) }, watchedBy: { $0.log = log },
            route: { route in
                route.retry = policy
                route.deadLetter = .none
                route.order = .perKey
            }
        ) { hub in
            try await hub.publish(messages, to: place.destination.topic)
            let subscription = try await hub.subscribe(
                to: place.destination.topic, group: place.group, run.handler.handle)
            let watching = context.meanwhile("watching for a pause", within: context.patience * 5) {
                while subscription.state != .paused { try await context.time.sleep(for: .milliseconds(1)) }
                isPaused.change { $0 = true }
            }
            defer { watching.cancel() }
            let (_, lateness) = try await context.measuringTheMachine { try await run.untilRun(7) }
            try run.requireDelays(of: messages[0], lateness: lateness)
            try context.require(isPaused.value, "the subscription of an ordered destination never paused")
            try await requireOneAlarm(context, hub, about: messages[0])
        }
        try requireToldOnce(context, log, messages[0])
        try requireNeverGivenUp(context, run.traffic.value, messages[0])
        try await requireBack(context, peer, place, messages.map(\.id))
    }
}
