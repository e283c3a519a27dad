import Messaging

/// Settling by publishing.
enum ForwardingScenarios {
    static let confirmedFirst = """
        What a settlement forwards is confirmed before the original is accepted: killed at any point between, a \
        duplicate at most; where the capability says atomic, none, and nothing is visible before.
        """
    static let all: [Scenario] = [
        Scenario(
            101, confirmedFirst, why: "A crash between two steps of a flow would lose the message that was to go on.",
            .queue, .stream, body: ForwardingRun.losesNothing),
        Scenario(
            102,
            """
            A forward that is refused (full, unroutable, oversized) leaves the original, publishes nothing of itself \
            where atomic, and touches no neighbour of its batch.
            """,
            why: "A message would be lost when the place that it is to go to is full or gone.",
            .queue, .stream, body: refusedForwardLeavesTheOriginal),
    ]

    static func refusedForwardLeavesTheOriginal(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let (place, target) = (try await context.place(by: peer), try await context.place(by: peer))
        let nowhere = context.nowhere()
        let full = context.can(.bounded) ? try await fullPlace(context, peer) : nil
        try await peer.publish(context.messages(7), to: place)
        let member = try await peer.subscribe(place)
        let deliveries = try await member.take(7)
        let copies = (0..<7).map { context.message("copy \($0)") }
        func to(_ place: Place, _ number: Int) -> Outgoing { Outgoing(copies[number], to: place.destination) }
        let oversized = Outgoing(PublishingScenarios.oversized(context), to: target.destination)
        let settlements: [(Settlement, BrokerError.Code?)] = [
            (.accept, nil), (.forward([to(nowhere, 1)]), .noSuchDestination), (.forward([to(target, 2)]), nil),
            (.forward([to(target, 3), oversized]), .tooLarge), (.forward([oversized]), .tooLarge),
            full.map { (.forward([to($0, 5)]), .resourceExhausted) } ?? (.accept, nil),
            (.forward([to(target, 6)]), nil),
        ]
        let outcomes = try await member.settle(zip(deliveries, settlements).map { ($0, $1.0) })
        for (index, outcome) in outcomes.enumerated() {
            try requireAnswer(outcome, settlements[index].1, deliveries[index])
        }
        let back = zip(deliveries, settlements).filter { $1.1 != nil }.map(\.0.message.id)
        try await member.cancel()
        let seen = try await context.nothingComesBack(
            from: place, but: back, because: "it was settled beside a forward that was refused")
        try context.requireExactly(seen, back, "the originals of refused forwards")
        var arrived = try await context.nothingComesBack(
            from: target, but: [copies[2].id, copies[6].id] + (context.can(.atomicForward) ? [] : [copies[3].id]),
            because: "its forward was refused")
        arrived.removeAll { $0.message.id == copies[3].id }
        try context.requireExactly(arrived, [copies[2].id, copies[6].id], "the forwards that were not refused")
    }

    private static func fullPlace(_ context: ScenarioContext, _ peer: Peer) async throws -> Place {
        let full = try await context.place(by: peer) {
            $0.maximumMessages = 1
            $0.whenFull = .refuse
        }
        try await peer.publish(context.message("the one"), to: full)
        return full
    }

    private static func requireAnswer(
        _ outcome: SettlementOutcome, _ code: BrokerError.Code?, _ delivery: Delivery
    ) throws {
        switch (outcome, code) {
        case (.settled, nil): return
        case (.failed(let error), let code?) where error.code == code: return
        case (_, let code?):
            throw ScenarioFailure(
                "a forward that cannot be was answered \(outcome), not failed(\(code))", about: [delivery.message.id])
        case (_, nil):
            throw ScenarioFailure(
                "a neighbour of a refused forward was answered \(outcome)", about: [delivery.message.id])
        }
    }
}
