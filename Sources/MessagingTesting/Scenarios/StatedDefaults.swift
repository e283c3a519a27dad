import Messaging
import MessagingHub
import MessagingReliability

/// Scenario 100: a route, a broker's URL, and nothing else.
enum StatedDefaults {
    static let all: [Scenario] = [
        Scenario(
            100,
            """
            With nothing configured but the broker's URL: publish returns after the confirm, an unroutable one is an \
            error, positions are tracked, reconnect goes on past 20 tries, the window is bounded, a throw is retried \
            up to the limit. (The README's table of defaults names the scenario of each.)
            """,
            why: """
                Most programs run on defaults: one that is quick instead of safe loses messages in production before \
                anybody has read about it.
                """,
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: areSafe)
    ]

    static func areSafe(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        try await publishIsConfirmed(context, peer)
        try await refusedOneIsRepeatedAlone(context, peer)
        try await positionsAreTracked(context, peer)
        try await reconnectGoesOn(context)
        try await connectsAgain(context)
        try await windowIsBounded(context)
        try await throwIsRetried(context)
    }

    /// What was published is there when the call returns; where it cannot be, the call throws.
    private static func publishIsConfirmed(_ context: ScenarioContext, _ peer: Peer) async throws {
        let (place, message) = (context.nowhere(), context.message())
        let unknown = context.topic("unroutable")
        try await context.withHub(at: place) { hub in
            try await hub.publish(message, to: place.destination.topic)
            if let topology = peer.broker.topology {
                let depth = try await topology.depth(of: place.destination, group: place.group)
                let count = depth.waiting + (depth.held ?? 0)
                try context.require(
                    count == 1, "after a publish that returned, \(place) has depth \(count)", about: [message.id])
            }
            try await requireUnroutable(context, hub, unknown, "a topic without a route")
            guard let topology = peer.broker.topology else { return }
            try await topology.delete(place.destination)
            try await requireUnroutable(context, hub, place.destination.topic, "a destination that was deleted")
        }
    }

    /// One of three is refused for now: it is published again, and its neighbours are not.
    private static func refusedOneIsRepeatedAlone(_ context: ScenarioContext, _ peer: Peer) async throws {
        let (place, messages) = (context.nowhere(), context.messages(3))
        try await context.withHub(at: place, over: { RefusingOnce($0, messages[1].id) }) { hub in
            do { try await hub.publish(messages, to: place.destination.topic) } catch {
                throw ScenarioFailure(
                    "a publish of three, of which one was refused for now, threw \(error)", about: [messages[1].id])
            }
        }
        let member = try await peer.subscribe(place)
        let received = try await member.takeAll(quiet: .milliseconds(50))
        try context.requireExactly(received, messages.map(\.id), "a publish of three, of which one was refused for now")
        try await member.accept(received)
        try await member.cancel()
    }

    private static func requireUnroutable(
        _ context: ScenarioContext, _ hub: MessageHub, _ topic: Topic, _ what: String
    ) async throws {
        do { try await hub.publish(context.message("unroutable"), to: topic) } catch let failure as PublishFailure {
            return try context.require(
                failure.first.code == .noSuchDestination,
                "a publish to \(what) threw \(failure.first), not noSuchDestination")
        }
        throw ScenarioFailure("a publish to \(what) returned as if it had been confirmed")
    }

    /// A program that ends and starts again goes on where it was.
    private static func positionsAreTracked(_ context: ScenarioContext, _ peer: Peer) async throws {
        let place = context.nowhere()
        for round in 1...2 {
            let (messages, handler) = (context.messages(3), context.handler())
            try await context.withHub(at: place) { hub in
                try await hub.publish(messages, to: place.destination.topic)
                try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
                await handler.waits(for: 3, within: context.patience)
            }
            let handled = handler.handled.map(\.message.id)
            try context.require(
                Set(handled) == Set(messages.map(\.id)) && handled.count == 3,
                "in run \(round) of a program \(context.names(handled)) was handled, "
                    + "not \(context.names(messages.map(\.id)))", about: handled)
        }
        try await context.nothingComesBack(from: place, because: "a program handled it before it ended")
    }

    /// The broker takes no subscription for 25 tries.
    private static func reconnectGoesOn(_ context: ScenarioContext) async throws {
        let (place, message, clock) = (context.nowhere(), context.message(), VirtualTime())
        let (handler, tries) = (context.handler(), Observed(0, on: context.time))
        try await context.withHub(at: place, on: clock, over: { Absent($0, for: 25, tries) }) { hub in
            // Before the clock moves, which takes a publish to its deadline within milliseconds.
            try await hub.publish(message, to: place.destination.topic)
            let moving = context.meanwhile("moving the clock of the hub", within: context.patience * 5) {
                while tries.value <= 25 {
                    try await context.time.sleep(for: .milliseconds(1))
                    clock.advance(by: .seconds(2))
                }
            }
            defer { moving.cancel() }
            do { try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle) } catch {
                throw ScenarioFailure("after \(tries.value) tries a subscription was given up: \(error)")
            }
            let isRun = await handler.waits(for: 1, within: context.patience)
            try context.require(
                isRun, "once the broker was back after \(tries.value) tries, nothing was handled", about: [message.id])
        }
    }

    /// A connection is refused for as long as 25 tries take, with two seconds between them, which is the longest; then it
    /// comes back by itself.
    private static func connectsAgain(_ context: ScenarioContext) async throws {
        let what = "a connection that is refused 25 times"
        try await context.onVirtualTime { context, clock in
            guard let clock else {
                return context.notMeasured(what, because: "the clock of the server cannot be moved")
            }
            let (away, other) = (try await context.peer(), try await context.peer())
            if away.link == nil { return context.notMeasured(what, without: .link) }
            let place = try await context.place(by: other)
            let (member, before) = (try await away.subscribe(place), away.losses)
            try await away.disturb("is refused", context) { try await $0.refuse() }
            try await away.isLost(moreThan: before, context, "refused")
            for _ in 0..<25 {
                clock.advance(by: .seconds(2))
                await Task.yield()
            }
            try await away.heal(context)
            clock.advance(by: .seconds(2))
            try await away.isUp(context, "refused 25 times")
            try await BrokenConnectionScenarios.hears(member, from: other, "after it was refused 25 times", context)
        }
    }

    /// All handlers hang: only so much is held.
    private static func windowIsBounded(_ context: ScenarioContext) async throws {
        let (place, messages) = (context.nowhere(), context.messages(600))
        let (traffic, isOpen) = (Observed(Traffic(), on: context.time), Observed(false, on: context.time))
        let patience = context.patience
        let handler = context.handler { _ in _ = await isOpen.first(within: patience) { $0 } }
        try await context.withHub(at: place, over: { TrafficMeter($0, into: traffic) }) { hub in
            try await hub.publish(messages, to: place.destination.topic)
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            await handler.waits(for: 8, within: context.patience)
            let (held, window) = (traffic.value.deliveries, traffic.value.subscriptions.first?.window ?? 0)
            try context.require(
                held <= window && (1...256).contains(window),
                "with handlers that hang, \(held) of 600 messages were held, in a window of \(window)")
            isOpen.change { $0 = true }
            let isDone = await handler.waits(for: 600, within: context.patience)
            try context.require(isDone, "of 600 messages \(handler.handled.count) were handled")
        }
    }

    /// A handler always throws: its message has as many runs as the policy says, and then it is a dead letter.
    private static func throwIsRetried(_ context: ScenarioContext) async throws {
        try await context.onVirtualTime { context, clock in
            let (place, message, peer) = (context.nowhere(), context.message(), try await context.peer())
            let dead = context.deadLetters(of: place)
            let run = RetriedRun(context, on: clock, RetryPolicy())
            try await context.withHub(at: place, on: clock, over: { TrafficMeter($0, into: run.traffic) }) { hub in
                try await hub.subscribe(to: place.destination.topic, group: place.group, run.handler.handle)
                try await hub.publish(message, to: place.destination.topic)
                let runs = run.policy.attempts
                let (_, lateness) = try await context.measuringTheMachine { try await run.untilRun(runs) }
                try run.requireDelays(of: message, lateness: lateness)
                let letter = try await peer.subscribe(dead).takeOne()
                try context.requireExactly([letter], [message.id], "the dead letter of a throw")
            }
            let runs = run.moments.value.count
            try context.require(
                runs == run.policy.attempts, "a handler that throws ran \(runs) times, not \(run.policy.attempts)",
                about: [message.id])
        }
    }
}

/// A broker that refuses one message once, and takes its neighbours.
private final class RefusingOnce: BrokerDecorator {
    let base: any MessageBroker
    private let refused: MessageID
    private let hasRefused = Lock(false)

    init(_ base: any MessageBroker, _ refused: MessageID) {
        self.base = base
        self.refused = refused
    }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        guard let index = messages.firstIndex(where: { $0.id == refused }),
            hasRefused.withLock({ hasRefused in
                defer { hasRefused = true }
                return !hasRefused
            })
        else { return try await base.publish(messages, to: destination, options: options) }
        try await base.publish(messages.filter { $0.id != refused }, to: destination, options: options)
        let error = BrokerError(.unavailable, "the broker takes it later", during: .publish)
        throw PublishFailure([index: .refused(error)], of: messages.count)
    }
}

/// A broker that takes no subscription for some tries: each is given up again.
private final class Absent: BrokerDecorator {
    let base: any MessageBroker
    private let refused: Int
    private let tries: Observed<Int>

    init(_ base: any MessageBroker, for refused: Int, _ tries: Observed<Int>) {
        self.base = base
        self.refused = refused
        self.tries = tries
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        let consumer = try await base.subscribe(subscription)
        let number = tries.change { tries in
            tries += 1
            return tries
        }
        if number > refused { return consumer }
        await consumer.cancel()
        throw BrokerError(.unavailable, "the broker is away", during: .subscribe)
    }
}
