import Messaging

/// Scenario 14: two groups fail one message, each in its own way.
enum GroupAttempts {
    static let all: [Scenario] = [
        Scenario(
            14, "Attempts of two groups are counted apart.",
            why: """
                The failures of one group would use up the attempts of another, which then dead-letters what it has \
                never tried.
                """,
            .stream, needs: [.operation(.retry)], body: areApart)
    ]

    static func areApart(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), context.group())
        let place = try await context.place(by: peer, delays: .seconds(1)) { $0.groups[other] = .init() }
        try await peer.publish(context.message(), to: place)
        let (one, another) = ("the first group", "the other group")
        let member = try await peer.subscribe(place)
        try await require(context, member, 1, of: one, then: .retry(after: .zero, failure: nil))
        try await require(context, member, 2, of: one, then: .retry(after: .zero, failure: nil))
        let held = try await require(context, member, 3, of: one, then: nil)
        let doomed = try await context.peer()
        let neighbour = try await doomed.subscribe(place.with(group: other))
        try await require(context, neighbour, 1, of: another, then: .retry(after: .zero, failure: nil))
        let begun = try await require(context, neighbour, 2, of: another, then: nil)
        _ = neighbour.holds(begun)
        // What was accepted just before a crash may come again: it would be the first copy, not the one that is held.
        try await context.time.sleep(for: doomed.broker.limits.settleLag + .milliseconds(10))
        await doomed.kill()
        withExtendedLifetime(neighbour) {}
        let heir = try await peer.subscribe(place.with(group: other))
        let counted = doomed.canBeKilled && peer.broker.capabilities.crashCount.countsHeld
        let released = !doomed.canBeKilled && peer.broker.capabilities.releaseCounts
        try await require(
            context, heir, counted || released ? 3 : 2, of: another, then: .retry(after: .zero, failure: nil))
        try await member.settled(held, .retry(after: .zero, failure: nil))
        try await require(context, member, 4, of: one, then: .accept)
        try await require(context, heir, counted || released ? 4 : 3, of: another, then: .accept)
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "its group had accepted it")
    }

    @discardableResult private static func require(
        _ context: ScenarioContext, _ member: Member, _ attempt: Int32, of group: String, then settlement: Settlement?
    ) async throws -> Delivery {
        let delivery = try await member.takeOne()
        try context.require(
            delivery.attempt == attempt, "in \(group) attempt was \(delivery.attempt), not \(attempt)",
            about: [delivery.message.id])
        if let settlement { try await member.settled(delivery, settlement) }
        return delivery
    }
}

extension BrokerCapabilities.CrashCount {
    /// Whether a crash adds one to the attempt of what was held.
    var countsHeld: Bool { self == .exact || self == .deliveries }
}
