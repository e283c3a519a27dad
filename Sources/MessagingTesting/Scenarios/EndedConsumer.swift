import Messaging

/// Scenario 44: every way in which the seam ends a consumer, seen by one that waits in `receive` and by one that does not.
struct EndedConsumer {
    private let context: ScenarioContext
    private let peer: Peer
    private let other: Peer

    static func isNeverSilent(_ context: ScenarioContext) async throws {
        let ended = EndedConsumer(context: context, peer: try await context.peer(), other: try await context.peer())
        try await ended.ends(.stopped, by: "stop") { members, _ in for member in members { try await member.stop() } }
        try await ended.ends(.cancelled, by: "cancel") { members, _ in
            for member in members { try await member.cancel() }
        }
        if context.kind != .pubSub, let topology = ended.other.broker.topology {
            try await ended.ends(.deleted, by: "deleting its destination") { _, place in
                try await topology.delete(place.destination)
            }
        }
        if context.kind == .stream { try await ended.endsWithItsGroup() }
        try await ended.endsWithItsPermission()
        if context.can(.untilEnd) { try await ended.endsAtItsEnd() }
        let peer = ended.peer
        try await ended.ends(.closed, by: "close") { _, _ in await peer.close() }
    }

    /// Two consumers of a new place end by what `end` does to them or to it.
    private func ends(
        _ reason: BrokerError.EndReason, by what: String,
        _ end: @escaping @Sendable ([Member], Place) async throws -> Void
    ) async throws {
        let place = try await context.place(by: other)
        let (waiting, idle) = (try await peer.subscribe(place), try await peer.subscribe(place))
        let wait = context.patience * 4
        let receiving = context.meanwhile("a receive during \(what)") { try await waiting.receive(within: wait) }
        try await context.time.sleep(for: .milliseconds(20))
        try await context.time.bounded(what, within: context.patience) { try await end([waiting, idle], place) }
        try await throwsEnded(reason, "a receive that waited during \(what)") { try await receiving.value() }
        try await staysEnded([waiting, idle], reason, what)
    }

    private func endsWithItsPermission() async throws {
        guard let permit = context.harness.surroundings.permitReceiving else {
            context.notMeasured("taking a permission away", because: "the harness cannot")
            return
        }
        try await ends(.unauthorized, by: "taking its permission") { _, place in
            try await permit(false, place.destination)
        }
    }

    /// A group goes with its consumers, or the broker says that it cannot delete it and it goes on; others go on anyway.
    private func endsWithItsGroup() async throws {
        guard let topology = other.broker.topology else { return }
        let (what, second) = ("deleting its group", context.group())
        let place = try await context.place(by: other) { $0.groups[second] = .init() }
        guard let group = place.group else { return }
        let (member, neighbour) = (
            try await peer.subscribe(place), try await peer.subscribe(place.with(group: second))
        )
        let wait = context.patience * 4
        let receiving = context.meanwhile("a receive during \(what)") { try await member.receive(within: wait) }
        try await context.time.sleep(for: .milliseconds(20))
        var isDeleted = true
        do {
            try await context.time.bounded(what, within: context.patience) {
                try await topology.delete(group, of: place.destination)
            }
        } catch let error as BrokerError where error.code == .unsupported {
            isDeleted = false
        }
        let next = context.message("next")
        try await other.publish(next, to: place)
        try context.requireExactly(try await neighbour.take(1), [next.id], "the other group after \(what)")
        if isDeleted {
            try await throwsEnded(.deleted, "a receive that waited during \(what)") { try await receiving.value() }
            try await staysEnded([member], .deleted, what)
        } else {
            try context.requireExactly(
                try await receiving.value(), [next.id], "a group that the broker did not delete")
        }
    }

    private func endsAtItsEnd() async throws {
        let place = try await context.place(by: other)
        try await other.publish(context.message("last"), to: place)
        let member = try await peer.subscribe(place) { $0.until = .end }
        try await member.accept(try await member.take(1))
        try await staysEnded([member], .reachedEnd, "its end")
    }

    /// At once, and every time.
    private func staysEnded(_ members: [Member], _ reason: BrokerError.EndReason, _ what: String) async throws {
        for member in members + members {
            let began = context.time.uptime
            try await throwsEnded(reason, "a receive after \(what)") { try await member.receive(within: .seconds(5)) }
            let took = context.time.uptime - began
            try context.require(took < .seconds(2), "a receive after \(what) threw only after \(took.inMilliseconds)")
        }
    }

    private func throwsEnded(
        _ reason: BrokerError.EndReason, _ what: String, _ receive: () async throws -> [Delivery]
    ) async throws {
        do {
            let deliveries = try await receive()
            throw ScenarioFailure(
                "\(what) returned \(deliveries.count) deliveries instead of throwing ended",
                about: deliveries.map(\.message.id))
        } catch let error as BrokerError {
            try context.require(
                error.endReason == reason,
                "\(what) threw \(error), and gave \(Self.words(error)), not \(reason.rawValue)")
        }
    }

    private static func words(_ error: BrokerError) -> String {
        error.endReason.map { "the reason \($0.rawValue)" } ?? "no reason"
    }
}
