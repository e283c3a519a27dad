import Messaging

/// Scenario 75: everything that can be asked of a broker, asked once it is closed.
struct ClosedBroker {
    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    /// Consumers of it; the first holds `held`.
    private let members: [Member]
    private let held: [Delivery]
    private let reader: (any ReplayReader)?

    static func isClosed(_ context: ScenarioContext) async throws {
        let (peer, other) = (try await context.peer(), try await context.peer())
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        try await peer.publish(context.messages(2), to: place)
        let held = try await member.take(2)
        let idle = try await peer.subscribe(place)
        let replays = context.kind == .stream && context.can(.replay)
        let reader =
            replays ? try await peer.broker.replay?.reader(of: place.destination, from: .latest, until: nil) : nil
        let waiting = context.meanwhile("a receive during close") { try await idle.receive(within: .seconds(60)) }
        try await context.time.sleep(for: .milliseconds(20))
        await peer.close()
        let closed = ClosedBroker(
            context: context, peer: peer, place: place, members: [member, idle], held: held, reader: reader)
        try await closed.ends("a receive that waited at close") { _ = try await waiting.value() }
        for task in ["the same task", "another task", "a third task"] {
            try await context.meanwhile("calls after close from \(task)") { try await closed.refusesEverything() }
                .value()
        }
        await peer.close()
        let state = await peer.broker.health().state
        try context.require(state == .closed, "after close, health says \(state.rawValue)")
        try await closed.hasLeftEverything(to: other)
    }

    private func refusesEverything() async throws {
        let began = context.time.uptime
        let (_, lateness) = try await context.measuringTheMachine {
            try await refusesConsumers()
            try await refusesMessages()
            try await refusesAdministration()
        }
        let took = context.time.uptime - began - lateness.total
        try context.require(took < .seconds(1), "after close, the refusals took \(took.inMilliseconds)")
    }

    private func refusesConsumers() async throws {
        for member in members {
            try await ends("receive after close") { _ = try await member.receive(within: .seconds(5)) }
        }
        try await ends("subscribe after close") { _ = try await peer.subscribe(place) }
        for delivery in held {
            let outcome = try await members[0].settle(delivery, .accept)
            try context.require(
                outcome == .stale, "settle after close was answered \(outcome), not stale", about: [delivery.message.id]
            )
            try context.require(
                !members[0].holds(delivery), "after close, holds says true", about: [delivery.message.id])
        }
    }

    private func refusesMessages() async throws {
        let message = context.message("refused")
        guard case .refused = try await peer.outcomes(of: [message], to: place)[0] else {
            throw ScenarioFailure("publish after close was not refused", about: [message.id])
        }
        let one = context.message("refused alone")
        guard case .refused = try await peer.outcomes(ofOne: one, to: place)[0] else {
            throw ScenarioFailure("publish of one after close was not refused", about: [one.id])
        }
    }

    private func refusesAdministration() async throws {
        let (broker, destination, reader) = (peer.broker, place.destination, reader)
        try await ends("connect after close") { try await peer.connect() }
        if context.kind == .pubSub { return }
        try await ends("declare after close") { try await context.declare(place, by: peer) }
        if let topology = broker.topology {
            let group = place.group
            try await ends("depth after close") { _ = try await topology.depth(of: destination, group: group) }
            try await ends("purge after close") { _ = try await topology.purge(destination) }
            try await ends("delete after close") { try await topology.delete(destination) }
        }
        guard let reader, let replay = broker.replay else { return }
        try await ends("a reader from before close") { _ = try await reader.receive(upTo: 1, within: .seconds(5)) }
        try await ends("a reader after close") {
            _ = try await replay.reader(of: destination, from: .earliest, until: nil)
        }
        try await ends("the end of a stream after close") { _ = try await replay.end(of: destination) }
    }

    /// Fails unless this throws `.ended`.
    private func ends(_ what: String, _ work: @escaping @Sendable () async throws -> Void) async throws {
        do {
            try await context.time.bounded(what, within: context.patience, work)
        } catch let error as BrokerError {
            return try context.require(error.code == .ended, "\(what) threw \(error), not ended")
        }
        throw ScenarioFailure("\(what) returned instead of throwing ended")
    }

    /// What it held goes to another, and nothing that it refused.
    private func hasLeftEverything(to other: Peer) async throws {
        let last = context.message("after close")
        let heir = try await other.subscribe(place)
        try await other.publish(last, to: place)
        let expected = (context.kind == .pubSub ? [] : held.map(\.message.id)) + [last.id]
        try context.requireExactly(
            try await heir.take(expected.count), expected, "what a closed broker left to another")
        let more = try await heir.receive(upTo: 10, within: .milliseconds(50))
        try context.requireExactly(more, [], "what a closed broker refused")
    }
}
