import Messaging

/// The end of scenario 8: where a broker spreads a destination over lanes, a member that joins gets some of them, and
/// the one that had them gives them up.
enum RevokedLanes {
    static func areGivenUp(_ context: ScenarioContext, _ publisher: Peer) async throws {
        let place = try await context.place(by: publisher)
        try await publisher.publish(context.messages(40, keys: 20), to: place)
        let peer = try await context.process()
        let revoked = Observed<Set<Int32>>([], on: context.time)
        try await context.time.bounded("connect", within: context.patience) { [broker = peer.broker] in
            try await broker.connect { event in
                if case .revoked(_, let lanes) = event { revoked.change { $0.formUnion(lanes) } }
            }
        }
        let member = try await peer.subscribe(place)
        let held = try await member.take(40)
        let lanes = Set(held.map(\.lane))
        // One lane has nothing to be shared out.
        if lanes.count == 1 { return try await member.accept(held) }
        let heir = try await publisher.subscribe(place)
        guard let gone = await revoked.first(within: context.patience, where: { !$0.isDisjoint(with: lanes) }) else {
            throw ScenarioFailure("a second member joined, and none of \(lanes.count) lanes was revoked")
        }
        let lost = held.filter { gone.contains($0.lane) }
        for delivery in lost {
            try context.require(
                !member.holds(delivery), "holds says true of a delivery of a revoked lane", about: [delivery.message.id]
            )
        }
        guard let begun = lost.first else { return }
        let outcome = try await member.settle(begun, .accept)
        try context.require(
            outcome == .settled, "within the grace of its lane an accept was answered \(outcome), not settled",
            about: [begun.message.id])
        try await member.accept(held.filter { !gone.contains($0.lane) })
        try await afterTheGrace(context, place, member, heir, Array(lost.dropFirst()), publisher)
    }

    private static func afterTheGrace(
        _ context: ScenarioContext, _ place: Place, _ member: Member, _ heir: Member, _ rest: [Delivery],
        _ publisher: Peer
    ) async throws {
        try await context.time.sleep(for: publisher.broker.limits.revokeGrace + .milliseconds(10))
        let again = try await heir.take(rest.count)
        try context.requireExactly(again, rest.map(\.message.id), "what a revoked lane had left")
        for delivery in rest {
            let outcome = try await member.settle(delivery, .accept)
            try context.require(
                outcome == .stale, "after the grace of its lane an accept was answered \(outcome), not stale",
                about: [delivery.message.id])
        }
        try await heir.accept(again)
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "whoever held its lane had accepted it")
    }
}
