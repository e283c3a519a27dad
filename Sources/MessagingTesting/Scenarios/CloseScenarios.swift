import Messaging
import MessagingHub

/// What `close` leaves behind.
enum CloseScenarios {
    static let all: [Scenario] = [
        Scenario(
            74, "An accept followed at once by `close()` holds.", .queue, .stream, body: lastAcceptHolds),
        Scenario(
            75,
            """
            After `close()`, receive and subscribe throw, publish answers `refused`, settle answers `stale`, within \
            1 s, on every handle, from every task; none reconnects.
            """,
            .queue, .stream, .pubSub, body: closedIsClosed),
        Scenario(
            77,
            """
            A graceful shutdown finishes the handlers in flight and settles them; what is unfinished after the grace \
            period comes again.
            """,
            .queue, .stream, level: .hub, body: shutdownFinishesWhatRuns),
    ]

    static func lastAcceptHolds(_ context: ScenarioContext) async throws {
        let publisher = try await context.peer()
        let place = try await context.place(by: publisher)
        for round in 0..<4 {
            try await publisher.publish(context.messages(8), to: place)
            let peer = try await context.peer()
            let member = try await peer.subscribe(place)
            let deliveries = try await member.take(8)
            if round < 2 {
                for delivery in deliveries { try await member.settled(delivery, .accept) }
                await peer.close()
            } else {
                let accepting = context.meanwhile("an accept during close") {
                    try await member.settle(deliveries.map { ($0, .accept) })
                }
                await peer.close()
                let outcomes = try await accepting.value()
                for (delivery, outcome) in zip(deliveries, outcomes) where outcome != .settled {
                    let heir = try await publisher.subscribe(place)
                    let back = try await heir.take(1)
                    try context.require(
                        back.map(\.message.id) == [delivery.message.id],
                        "what close left unsettled did not come back first", about: [delivery.message.id])
                    try await heir.accept(back)
                    try await heir.cancel()
                }
            }
            try await context.nothingComesBack(from: place, because: "its accept was answered settled before close")
        }
    }

    static func closedIsClosed(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        try await peer.publish(context.messages(2), to: place)
        let held = try await member.take(2)
        let idle = try await peer.subscribe(place)
        let waiting = context.meanwhile("a receive during close") { try await idle.receive(within: .seconds(60)) }
        try await context.time.sleep(for: .milliseconds(20))
        await peer.close()
        try await requireEnded(context, "a receive that waited at close") { _ = try await waiting.value() }
        for task in ["the same task", "another task", "a third task"] {
            try await context.meanwhile("calls after close from \(task)") {
                try await refusesEverything(context, peer, place, [member, idle], held)
            }.value()
        }
        await peer.close()
        let state = await peer.broker.health().state
        try context.require(state == .closed, "after close, health says \(state.rawValue)")
        let last = context.message("after close")
        let heir = try await other.subscribe(place)
        try await other.publish(last, to: place)
        let expected = (context.kind == .pubSub ? [] : held.map(\.message.id)) + [last.id]
        try context.requireExactly(
            try await heir.take(expected.count), expected, "what a closed broker left to another")
        let more = try await heir.receive(upTo: 10, within: .milliseconds(50))
        try context.requireExactly(more, [], "what a closed broker refused")
    }

    private static func refusesEverything(
        _ context: ScenarioContext, _ peer: Peer, _ place: Place, _ members: [Member], _ held: [Delivery]
    ) async throws {
        let began = context.time.uptime
        for member in members {
            try await requireEnded(context, "receive after close") {
                let deliveries = try await member.receive(within: .seconds(5))
                throw ScenarioFailure("receive after close returned \(deliveries.count) deliveries and did not throw")
            }
        }
        try await requireEnded(context, "subscribe after close") {
            _ = try await peer.subscribe(place)
            throw ScenarioFailure("subscribe after close succeeded")
        }
        let message = context.message("refused")
        guard case .refused = try await peer.outcomes(of: [message], to: place)[0] else {
            throw ScenarioFailure("publish after close was not refused", about: [message.id])
        }
        let one = context.message("refused alone")
        guard case .refused = try await peer.outcomes(ofOne: one, to: place)[0] else {
            throw ScenarioFailure("publish of one after close was not refused", about: [one.id])
        }
        for delivery in held where context.kind != .pubSub {
            let outcome = try await members[0].settle(delivery, .accept)
            try context.require(
                outcome == .stale, "settle after close was answered \(outcome), not stale", about: [delivery.message.id]
            )
            try context.require(
                !members[0].holds(delivery), "after close, holds says true", about: [delivery.message.id])
        }
        let took = context.time.uptime - began
        try context.require(took < .seconds(1), "after close, the refusals took \(took.inMilliseconds)")
    }

    private static func requireEnded(
        _ context: ScenarioContext, _ what: String, _ work: () async throws -> Void
    ) async throws {
        do {
            try await work()
            throw ScenarioFailure("\(what) returned instead of throwing ended")
        } catch let error as BrokerError {
            try context.require(error.code == .ended, "\(what) threw \(error), not ended")
        }
    }

    static func shutdownFinishesWhatRuns(_ context: ScenarioContext) async throws {
        try await shutsDown(context, grace: .seconds(5), handling: .milliseconds(500))
        try await shutsDown(context, grace: .milliseconds(100), handling: .seconds(60))
    }

    /// Shuts a hub down while four of eight messages are handled; those whose handlers returned are done, the others
    /// come again.
    private static func shutsDown(
        _ context: ScenarioContext, grace: Duration, handling: Duration
    ) async throws {
        let (place, messages, time) = (context.nowhere(), context.messages(8), context.time)
        let finished = Observed<Set<MessageID>>([], on: time)
        let isClosing = Observed(false, on: time)
        let patience = context.patience
        let handler = context.handler { run in
            _ = await isClosing.first(within: patience) { $0 }
            try await time.sleep(for: handling)
            finished.change { _ = $0.insert(run.message.id) }
        }
        try await context.withHub(at: place, grace: grace, route: { $0.concurrency = 4 }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(messages, to: place.destination.topic)
            let isBusy = await handler.waits(for: 4, within: context.patience)
            try context.require(isBusy, "only \(handler.handled.count) of four handlers began")
            isClosing.change { $0 = true }
        }
        let begun = Set(handler.handled.map(\.message.id))
        if handling < grace {
            let unfinished = begun.subtracting(finished.value)
            try context.require(
                unfinished.isEmpty, "a shutdown within \(grace.optionText) did not let its handlers finish",
                about: Array(unfinished))
        }
        let rest = messages.map(\.id).filter { !finished.value.contains($0) }
        let back = try await context.nothingComesBack(
            from: place, but: rest, because: "its handler had finished before the hub was shut down")
        try context.requireExactly(back, rest, "what was unfinished at the shutdown")
    }
}
