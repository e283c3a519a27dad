import Messaging
import MessagingHub

/// Scenario 12: what is held for a long time.
enum LongHold {
    private static let sentence = """
        A handler that runs longer than every renewable time-out of the broker (ack wait, poll interval, idle time), \
        up to `maxHold`, runs once; a route that asks for more than the broker's `limits.maxHold` is refused at \
        start-up.
        """
    static let all: [Scenario] = [
        Scenario(
            12, sentence, why: "A slow handler would run twice at the same time, on two machines.", .queue, .stream,
            body: outlastsTheLease),
        Scenario(
            12, sentence, why: "That a handler may take an hour would be believed until the first one that does.",
            .queue, .stream, level: .hub, body: isRefusedAtTheStart),
    ]

    /// Holds for three of the broker's leases, for half of which it does not even receive, while another member would
    /// take what is let go.
    static func outlastsTheLease(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: peer)
        let longest = peer.broker.limits.maxHold
        let half = min(context.harness.redeliveryTimeout * 1.5, longest / 4)
        try await peer.publish(context.messages(3), to: place)
        let member = try await peer.subscribe(place) { $0.maxHold = min($0.maxHold, longest) }
        let held = try await member.take(3)
        let rival = try await other.subscribe(place)
        let waiting = context.meanwhile("a receive of another member", within: half * 2 + context.patience) {
            try await rival.receive(upTo: 10, within: half * 2)
        }
        try await context.time.sleep(for: half)
        let own = try await member.receive(upTo: 10, within: half)
        try context.requireExactly(own, [], "what came again to the one that held it")
        try context.requireExactly(try await waiting.value(), [], "what came to another though it was held")
        for delivery in held {
            try context.require(
                member.holds(delivery), "held for \((half * 2).inMilliseconds), it is not held any more",
                about: [delivery.message.id])
        }
        try await member.accept(held)
        try await rival.cancel()
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "it was held for long, and then accepted")
        try await context.onVirtualTime { context, clock in
            guard let clock else {
                return context.notMeasured(
                    "a hold of nearly maxHold", because: "the clock of the server cannot be moved")
            }
            try await lastsToItsEnd(context, clock)
        }
    }

    /// Half an hour, or the most that the broker allows, but for a second.
    private static func lastsToItsEnd(_ context: ScenarioContext, _ clock: VirtualTime) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: peer)
        let asked = min(.seconds(1800), peer.broker.limits.maxHold)
        try await peer.publish(context.messages(3), to: place)
        let member = try await peer.subscribe(place) { $0.maxHold = asked }
        let held = try await member.take(3)
        let rival = try await other.subscribe(place)
        for part in [asked / 2, asked / 2 - .seconds(1)] {
            clock.advance(by: part)
            try context.requireExactly(
                try await rival.receive(upTo: 10, within: .zero), [],
                "what came to another before the maxHold of \(asked.optionText) had passed")
        }
        try await member.accept(held)
    }

    static func isRefusedAtTheStart(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let longest = peer.broker.limits.maxHold
        do {
            try await context.withHub(at: context.nowhere(), route: { $0.maxHold = longest }) { _ in }
        } catch let error as ConfigurationError {
            throw ScenarioFailure(
                "a hub whose route asks to hold for \(longest.optionText), which its broker can, did not start: \(error)"
            )
        }
        let place = context.nowhere()
        try await requireRefused(context, place, asking: longest + .seconds(1), over: longest) { $0 }
        try await requireRefused(context, place, asking: longest, over: longest / 2) { ShorterHolds($0) }
        do {
            let member = try await peer.subscribe(place)
            throw ScenarioFailure("a hub that was refused at its start made \(member.place)")
        } catch let error as BrokerError {
            try context.require(
                error.code == .noSuchDestination,
                "a subscription to what a refused hub should not have made threw \(error)")
        }
    }

    private static func requireRefused(
        _ context: ScenarioContext, _ place: Place, asking asked: Duration, over limit: Duration,
        _ decorated: (any MessageBroker) -> any MessageBroker
    ) async throws {
        do {
            try await context.withHub(at: place, over: decorated, route: { $0.maxHold = asked }) { _ in }
        } catch let error as ConfigurationError {
            let found = error.problems.contains {
                $0.path.keys.last == "max-hold" && $0.sentence.contains(limit.optionText)
            }
            return try context.require(
                found, "the refusal of a route does not name max-hold and \(limit.optionText): \(error)")
        }
        throw ScenarioFailure(
            "a hub started whose route asks to hold for \(asked.optionText), though its broker can for "
                + limit.optionText)
    }
}

/// A broker that turns out, once connected, to hold for half as long as it might.
private final class ShorterHolds: BrokerDecorator {
    let base: any MessageBroker
    private let isConnected = Lock(false)

    init(_ base: any MessageBroker) { self.base = base }

    var limits: BrokerLimits {
        isConnected.withLock { $0 } ? base.limits.with { $0.maxHold = $0.maxHold / 2 } : base.limits
    }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try await base.connect(reporting: reporting)
        isConnected.withLock { $0 = true }
    }
}
