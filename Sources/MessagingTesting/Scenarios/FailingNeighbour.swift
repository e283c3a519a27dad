import Messaging

/// Scenario 87: one subscription fails, in every way that there is, beside another.
extension BrokenConnectionScenarios {
    static func failureStaysWhereItIs(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let (place, doomed) = (try await context.place(by: peer), try await context.place(by: peer))
        let (member, failing) = (try await peer.subscribe(place), try await peer.subscribe(doomed))
        try await other.publish(context.message("held"), to: place)
        let held = try await member.takeOne()
        let waiting = context.meanwhile("a receive beside a failing subscription") { try await member.takeOne() }
        let before = peer.events.value.count
        if context.kind != .pubSub, let topology = other.broker.topology {
            try await topology.delete(doomed.destination)
            try await requireEnded(failing, .deleted, "a consumer of what was deleted", context)
        }
        try await losesItsPermission(context, peer)
        let refused = try? await peer.subscribe(place, window: 0)
        try context.require(refused == nil, "a subscription with a window of 0 was not refused")
        try await failing.cancel()
        let message = context.message("after a neighbour's failure")
        try await other.publish(message, to: place)
        let delivery = try await waiting.value()
        try context.requireExactly([delivery], [message.id], "what was published after a neighbour's failure")
        try context.require(member.holds(held) || context.kind == .pubSub, "a neighbour's failure took a hold")
        try await member.accept([held, delivery])
        let reported = peer.events.value.dropFirst(before)
        try context.require(
            !reported.contains { $0.isDown }, "a failing subscription took its connection with it")
        // It may be handed ahead what the next one waits for.
        try await member.cancel()
        try await hears(try await peer.subscribe(place), from: peer, "after a neighbour's failure", context)
    }

    /// A subscription of a place whose permission goes ends, another one is refused, and once it is back one hears again.
    private static func losesItsPermission(_ context: ScenarioContext, _ peer: Peer) async throws {
        guard let permit = context.harness.surroundings.permitReceiving else {
            context.notMeasured("a permission that is gone", because: "the harness cannot take one away")
            return
        }
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        try await context.time.bounded("taking a permission away", within: context.patience) {
            try await permit(false, place.destination)
        }
        try await requireEnded(member, .unauthorized, "a consumer whose permission is gone", context)
        try await member.cancel()
        do {
            _ = try await peer.subscribe(place)
            throw ScenarioFailure("a subscription without a permission was not refused")
        } catch let error as BrokerError {
            try context.require(
                error.code == .unauthorized, "a subscription without a permission was refused with \(error)")
        }
        try await context.time.bounded("giving a permission back", within: context.patience) {
            try await permit(true, place.destination)
        }
        try await hears(try await peer.subscribe(place), from: peer, "after its permission was back", context)
    }

    private static func requireEnded(
        _ member: Member, _ reason: BrokerError.EndReason, _ what: String, _ context: ScenarioContext
    ) async throws {
        do {
            let deliveries = try await member.receive(within: context.patience)
            throw ScenarioFailure("\(what) received \(deliveries.count) messages instead of throwing ended")
        } catch let error as BrokerError {
            try context.require(error.endReason == reason, "\(what) threw \(error), not ended as \(reason.rawValue)")
        }
    }
}
