import Messaging

/// Scenario 8: a receipt that outlives its hold, in every way that there is.
struct LostHold {
    static let all: [Scenario] = [
        Scenario(
            8,
            """
            A receipt whose hold is gone (reconnect, take-over, `maxHold` passed, `cancel`, `close`, a revoked lane \
            after its grace) answers `stale`, changes nothing (also where the broker would accept it), and `holds` \
            says false. From `revoked` on `holds` is false for the lane; what was begun before still settles within \
            the grace.
            """,
            why: """
                A consumer that was given up and goes on would settle a message that another one is working on, and \
                so lose it.
                """,
            .queue, .stream, body: isStale)
    ]

    private let context: ScenarioContext
    private let publisher: Peer
    private let place: Place
    private let target: Place

    static func isStale(_ context: ScenarioContext) async throws {
        let publisher = try await context.peer()
        let run = LostHold(
            context: context, publisher: publisher, place: try await context.place(by: publisher),
            target: try await context.place(by: publisher))
        try await run.afterCancel()
        try await run.afterClose()
        if publisher.broker.limits.maxHold >= shortHold { try await run.afterItsTime() }
        if publisher.link == nil {
            context.notMeasured("a receipt of a connection that was cut", without: .link)
        } else {
            try await run.afterReconnect("after a reconnect") { peer in
                try await context.time.bounded("cutting a link", within: context.patience) { [link = peer.link] in
                    try await link?.cut()
                }
            }
        }
        if context.canCrash(for: "a receipt of a server that was ended") {
            try await run.afterReconnect("after a restart of the server") { _ in
                try await context.crash()
                try await context.restart()
            }
        }
        try await context.nothingComesBack(from: run.place, because: "whoever held it last had accepted it")
        try await context.nothingComesBack(from: run.target, because: "the forward was stale")
        try await RevokedLanes.areGivenUp(context, publisher)
    }

    /// How long a consumer may hold that holds for too long.
    private static let shortHold = Duration.milliseconds(300)

    private func afterCancel() async throws {
        let (_, member, held) = try await holder()
        try await member.cancel()
        try await requireGone(held, of: member, "after cancel")
        try await takenOver(held, from: member, "after cancel")
    }

    private func afterClose() async throws {
        let (peer, member, held) = try await holder()
        await peer.close()
        try await requireGone(held, of: member, "after close")
        try await takenOver(held, from: member, "after close")
    }

    private func afterItsTime() async throws {
        let (peer, member, held) = try await holder { $0.maxHold = Self.shortHold }
        try await member.stop()
        let end = context.time.uptime + context.patience
        while member.holds(held), context.time.uptime < end { try await context.time.sleep(for: .milliseconds(5)) }
        try await requireGone(held, of: member, "after its maxHold")
        try await takenOver(held, from: member, "after its maxHold")
        await peer.close()
    }

    /// The connection breaks in some way, and comes back by itself.
    private func afterReconnect(_ when: String, _ breaks: (Peer) async throws -> Void) async throws {
        try await context.time.sleep(for: publisher.broker.limits.settleLag + .milliseconds(10))
        let (peer, member, held) = try await holder()
        try await breaks(peer)
        let again = try await member.takeOne()
        try context.requireExactly([again], [held.message.id], "what was held \(when)")
        try await requireGone(held, of: member, when)
        try await keeps(again, member, when)
        await peer.close()
    }

    /// A process of its own that holds a new message.
    private func holder(_ edit: (inout Subscription) -> Void = { _ in }) async throws -> (Peer, Member, Delivery) {
        let (peer, message) = (try await context.peer(), context.message())
        try await publisher.publish(message, to: place)
        let member = try await peer.subscribe(place, edit)
        let held = try await member.takeOne()
        try context.requireExactly([held], [message.id], "a new message")
        try context.require(member.holds(held), "holds says false of a delivery just received", about: [message.id])
        return (peer, member, held)
    }

    /// Another consumer is handed it, and keeps it whatever the first one says.
    private func takenOver(_ held: Delivery, from member: Member, _ when: String) async throws {
        let heir = try await publisher.subscribe(place)
        let again = try await heir.takeOne()
        try context.requireExactly([again], [held.message.id], "what was given up \(when)")
        try await requireGone(held, of: member, "\(when), once another holds it,")
        try await keeps(again, heir, when)
        try await heir.cancel()
    }

    private func keeps(_ delivery: Delivery, _ heir: Member, _ when: String) async throws {
        try context.require(
            heir.holds(delivery), "\(when), a stale settlement ended the hold that came after it",
            about: [delivery.message.id])
        try await heir.settled(delivery, .accept)
    }

    private func requireGone(_ held: Delivery, of member: Member, _ when: String) async throws {
        let failure = Failure("too late", at: context.time.now)
        let late = Outgoing(context.message("late-copy"), to: target.destination)
        try context.require(!member.holds(held), "\(when) holds says true", about: [held.message.id])
        let settlements: [Settlement] = [
            .accept, .forward([late]), .discard(reason: "too late"), .retry(after: .zero, failure: failure), .release,
        ]
        for settlement in settlements {
            let outcome = try await member.settle(held, settlement)
            try context.require(
                outcome == .stale, "\(when) \(settlement.word) was answered \(outcome), not stale",
                about: [held.message.id])
        }
    }
}
