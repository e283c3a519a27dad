import Messaging

/// What moves the position of a group, and what does not.
enum GroupPositionScenarios {
    static let all: [Scenario] = [
        Scenario(
            58, "A replay leaves the live groups where they are.",
            why: "Looking at old messages would have live services miss new ones or repeat old ones.",
            .stream, needs: [.operation(.replay)],
            body: replayMovesNoGroup),
        Scenario(
            59,
            """
            The start in a group's declaration holds for its first delivery, and only where the group did not exist yet.
            """,
            why:
                "Restarting a service would throw it back to the beginning of the log, or forward over what it has not read.",
            .stream, body: startHoldsOnce),
    ]

    static func replayMovesNoGroup(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let messages = context.messages(5)
        try await peer.publish(messages, to: place)
        let member = try await peer.subscribe(place, window: 2)
        let held = try await member.take(2)
        try await member.accept([held[0]])
        guard let replay = peer.broker.replay else {
            throw ScenarioFailure("the broker declares that it can replay a stream, but has no such power")
        }
        let (destination, time) = (place.destination, context.time)
        let read = try await time.bounded("a replay of 5 messages", within: context.patience) {
            let reader = try await replay.reader(of: destination, from: .earliest, until: nil)
            var read: [MessageID] = []
            while read.count < 5 {
                read += try await reader.receive(upTo: 5 - read.count, within: .seconds(1)).map(\.message.id)
            }
            await reader.cancel()
            return read
        }
        try context.require(read == messages.map(\.id), "the replay read \(context.names(read)), not all five in order")
        try context.require(member.holds(held[1]), "the replay took away what the group held", about: [read[1]])
        try await member.accept([held[1]])
        let rest = try await member.take(2)
        try await member.accept(rest)
        let last = try await member.takeOne()
        try await member.accept([last])
        try context.requireExactly(
            rest + [last], messages.suffix(3).map(\.id), "what the group received after the replay")
        try context.require(
            (rest + [last]).allSatisfy { $0.attempt == 1 }, "the replay counted as an attempt of the group")
    }

    static func startHoldsOnce(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let group = context.group()
        try await peer.publish(context.messages(3), to: place)
        try await declare(group, of: place, by: peer, startingAt: .latest)
        let fourth = context.message("fourth")
        try await peer.publish(fourth, to: place)
        let member = try await peer.subscribe(place.with(group: group))
        let first = try await member.takeOne()
        try context.require(
            first.message.id == fourth.id,
            "a group that was to start at the latest message began with \(context.names([first.message.id]))",
            about: [first.message.id])
        try await member.accept([first])
        try await member.cancel()
        try await declare(group, of: place, by: peer, startingAt: .earliest)
        try await context.nothingComesBack(
            from: place.with(group: group), because: "its group existed, so a new start moves nothing")
    }

    private static func declare(
        _ group: GroupName, of place: Place, by peer: Peer, startingAt start: StartPosition
    ) async throws {
        var declaration = DestinationDeclaration(place.destination)
        declaration.groups[group] = .init(start: start)
        try await peer.declare([declaration])
    }
}
