import Messaging
import MessagingHub

/// What `close` leaves behind.
enum CloseScenarios {
    static let all: [Scenario] = [
        Scenario(
            74, "An accept followed at once by `close()` holds.",
            why: "Each deployment would repeat what was finished just before it.",
            .queue, .stream, body: lastAcceptHolds),
        Scenario(
            75,
            """
            After `close()`, receive and subscribe throw, publish answers `refused`, settle answers `stale`, within \
            1 s, on every handle, from every task; none reconnects.
            """,
            why: "A program that is shutting down would hang, or go on working on a connection that it has given up.",
            .queue, .stream, .pubSub, body: ClosedBroker.isClosed),
        Scenario(
            77,
            """
            A graceful shutdown finishes the handlers in flight and settles them; what is unfinished after the grace \
            period comes again.
            """,
            why: "Each deployment would break off work in the middle and lose it, or leave it half done.",
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
