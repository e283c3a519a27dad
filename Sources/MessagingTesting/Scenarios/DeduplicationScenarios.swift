import Messaging
import MessagingHub
import MessagingReliability

/// Scenarios 93 to 95: what comes twice is handled once, and what was not handled is no duplicate.
enum DeduplicationScenarios {
    static let all: [Scenario] = [
        Scenario(
            93,
            """
            The same id twice within the window is handled once, also in two processes where the store is shared, also \
            with a crash between the done-mark and the accept, also when the first copy failed: then it is handled.
            """,
            why: """
                A publisher that repeats itself, or a process that dies at the wrong moment, would have the customer \
                charged twice; a mark that outlives a failure would have the order never made at all.
                """,
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: handledOnce),
        Scenario(
            94, "A handler slower than the lease is not run twice at once.",
            why: """
                The lease is there for processes that died; one that works slowly would be taken for dead, and \
                another would do the same work beside it.
                """,
            .queue, .stream, level: .hub, body: isNotRunTwiceAtOnce),
        Scenario(
            95, "Ids are compared whole and per topic: look-alikes are different.",
            why: """
                A message that is taken for another one is accepted without having been handled: lost, and nobody is \
                told.
                """,
            .queue, .stream, level: .hub, body: LookAlikes.areDifferent),
    ]

    static func handledOnce(_ context: ScenarioContext) async throws {
        try await copiesInTwoProcesses(context)
        try await copyOfAFailure(context)
        try await crashBeforeTheAccept(context)
        try await deathOfAHandler(context)
    }

    /// Each of 20 messages twice, to two processes that share a store.
    private static func copiesInTwoProcesses(_ context: ScenarioContext) async throws {
        let (place, messages, store) = (context.nowhere(), context.messages(20), context.deduplicationStore())
        let handler = context.handler()
        try await context.withHubs(at: place, sharing: store) { one, other in
            for hub in [one, other] {
                try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            }
            try await one.publish(messages, to: place.destination.topic)
            try await other.publish(messages, to: place.destination.topic)
            let duplicates = { one.metrics().duplicates + other.metrics().duplicates }
            let isDone = try await context.holds {
                handler.handled.count > messages.count || (handler.handled.count, duplicates()) == (20, 20)
            }
            let runs = handler.handled.count
            try context.require(
                isDone && runs == 20,
                "20 messages that came twice were run \(runs) times, and \(duplicates()) copies were accepted unseen",
                about: messages.map(\.id))
            try context.require(
                Set(handler.handled.map(\.message.id)).count == 20, "some messages ran twice, and some never",
                about: messages.map(\.id))
        }
        try await context.nothingComesBack(from: place, because: "it was handled, or a copy of what was")
    }

    /// The first copy fails while the second waits for it; one of them is run then, and the other is known.
    private static func copyOfAFailure(_ context: ScenarioContext) async throws {
        let (place, message, store) = (context.nowhere(), context.message(), context.deduplicationStore())
        let received = Observed(false, on: context.time)
        let handler = RecordingHandler(on: context.time) { [patience = context.patience] run in
            if received.value { return }
            _ = await received.first(within: patience) { $0 }
            throw AttemptScenarios.Fault()
        }
        let retry = AttemptScenarios.policy(5, every: context.delay(50))
        try await context.withDeduplicatingHub(at: place, with: store, route: { $0.retry = retry }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            try await hub.publish(message, to: place.destination.topic)
            _ = try await context.holds { handler.handled.count == 1 && hub.metrics().received == 2 }
            received.change { $0 = true }
            let isHandled = await handler.waits(for: 2, within: context.patience)
            try context.require(
                isHandled, "the first copy failed, and the second was never handled", about: [message.id])
            let attempt = handler.handled.last?.attempt ?? 0
            let most: Int32 = context.peerCapabilities?.releaseCounts == true ? 3 : 2
            try context.require(
                attempt <= most, "after one failed run there was one as attempt \(attempt): waiting was counted",
                about: [message.id])
            let isKnown = try await context.holds { hub.metrics().duplicates == 1 || handler.handled.count > 2 }
            try context.require(
                isKnown && handler.handled.count == 2, "the first copy failed, and both were handled after that",
                about: [message.id])
        }
        try await context.nothingComesBack(from: place, because: "it was handled, or a copy of what was")
    }

    /// Everything is done but the accept, which dies with its process.
    private static func crashBeforeTheAccept(_ context: ScenarioContext) async throws {
        let (place, message, store) = (context.nowhere(), context.message(), context.deduplicationStore())
        let handler = context.handler()
        let lost = Observed(0, on: context.time)
        try await context.withDeduplicatingHub(at: place, with: store, over: { LostAccepts($0, lost) }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            let isLost = await lost.first(within: context.patience) { $0 > 0 } != nil
            try context.require(isLost, "the message was not handled", about: [message.id])
        }
        try await context.withDeduplicatingHub(at: place, with: store) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            let isKnown = try await context.holds { hub.metrics().duplicates == 1 || handler.handled.count > 1 }
            try context.require(
                isKnown && handler.handled.count == 1,
                "after a crash between the done-mark and the accept the message was run \(handler.handled.count) times",
                about: [message.id])
        }
        try await context.nothingComesBack(from: place, because: "it was handled before the crash")
    }

    /// A process dies with a message in its hands: nobody frees its key.
    private static func deathOfAHandler(_ context: ScenarioContext) async throws {
        let (place, message, store) = (context.nowhere(), context.message(), context.deduplicationStore())
        let doomed = context.handler { [time = context.time, patience = context.patience] _ in
            try await time.sleep(for: patience * 2)
        }
        let lease = Duration.milliseconds(400)
        let began = Observed(Duration.zero, on: context.time)
        try await context.withDeduplicatingHub(
            at: place, with: DyingHolder(store), grace: .zero, route: { $0.deduplicate?.lease = lease }
        ) { hub in
            try await hub.publish(message, to: place.destination.topic)
            began.change { $0 = context.time.uptime }
            try await hub.subscribe(to: place.destination.topic, group: place.group, doomed.handle)
            let isBegun = await doomed.waits(for: 1, within: context.patience)
            try context.require(isBegun, "the message was not handed to its handler", about: [message.id])
        }
        let handler = context.handler()
        try await context.withDeduplicatingHub(
            at: place, with: store, route: { $0.deduplicate?.lease = lease }
        ) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            let isHandled = await handler.waits(for: 1, within: context.patience)
            try context.require(
                isHandled, "its process died with the message, and it was never handled again", about: [message.id])
            let gap = (handler.handled.first?.time ?? .zero) - began.value
            try context.require(
                gap >= lease, "\(gap.inMilliseconds) after a handler began, another did, within its lease",
                about: [message.id])
        }
        try await context.nothingComesBack(from: place, because: "it was handled in the end")
    }

    /// A handler that takes six leases, while a copy of its message waits in another process or the same.
    static func isNotRunTwiceAtOnce(_ context: ScenarioContext) async throws {
        let clock = VirtualTime()
        let (place, message) = (context.nowhere(), context.message())
        let store = CountedLeases(context.deduplicationStore(on: clock), on: context.time)
        let isOver = Observed(false, on: context.time)
        let handler = context.handler { [patience = context.patience] _ in
            _ = await isOver.first(within: patience * 3) { $0 }
        }
        try await context.withHubs(at: place, on: clock, sharing: store) { one, other in
            for hub in [one, other] {
                try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            }
            for _ in 0..<2 { try await one.publish(message, to: place.destination.topic) }
            try await outlivesItsLease(context, clock, store, handler, of: message)
            isOver.change { $0 = true }
            let isKnown = try await context.holds {
                clock.advance(by: .seconds(1))
                return one.metrics().duplicates + other.metrics().duplicates == 1
            }
            try context.require(
                isKnown && handler.handled.count == 1, "the copy that waited was not known when its original was done",
                about: [message.id])
        }
        try await context.nothingComesBack(from: place, because: "it was handled once, and its copy known")
    }

    /// Moves the clock by six leases once the store was asked for both copies (or both run), waiting for each renewal.
    private static func outlivesItsLease(
        _ context: ScenarioContext, _ clock: VirtualTime, _ store: CountedLeases, _ handler: RecordingHandler,
        of message: Message
    ) async throws {
        let areThere = try await context.holds { store.asked.value >= 2 || handler.handled.count > 1 }
        let isBegun = await handler.waits(for: 1, within: context.patience)
        try context.require(areThere && isBegun, "the message and its copy did not both come", about: [message.id])
        for _ in 0..<12 where handler.handled.count == 1 {
            let before = store.renewed.value
            clock.advance(by: lease / 2)
            _ = await store.renewed.first(within: context.patience) { $0 > before }
        }
        await handler.waits(for: 2, within: context.harness.redeliveryTimeout)
        try context.require(
            handler.handled.count == 1,
            "a handler that took \((lease * 6).optionText) was run twice at once, with a lease of \(lease.optionText)",
            about: [message.id])
    }

    private static var lease: Duration { DeduplicationPolicy().lease }
}
