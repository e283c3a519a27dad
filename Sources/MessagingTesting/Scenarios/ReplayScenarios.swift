import Messaging

/// Reading what was published before.
enum ReplayScenarios {
    static let all: [Scenario] = [
        Scenario(
            56,
            """
            From earliest, latest, a captured position and a time (when the broker appended it): begins with exactly \
            that message.
            """,
            why: "Rebuilding a view from the log would skip messages, or apply some of them twice.",
            .stream, needs: [.operation(.replay)], body: beginsExactlyThere)
    ]

    static func beginsExactlyThere(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let messages = context.messages(5)
        let (positions, middle) = try await published(context, messages, peer, place)
        let starts: [(StartPosition, Int)] = [
            (.earliest, 0), (.position(positions[0]), 0), (.position(positions[2]), 2), (.position(positions[4]), 4),
            (.time(middle), 3), (.latest, 5),
        ]
        var readers: [(StartPosition, Int, any ReplayReader)] = []
        var members: [Member] = []
        guard let replay = peer.broker.replay else {
            throw ScenarioFailure("the broker declares that it can replay a stream, but has no such power")
        }
        for (start, first) in starts {
            let destination = place.destination
            let reader = try await context.time.bounded("a reader from \(start)", within: context.patience) {
                try await replay.reader(of: destination, from: start, until: nil)
            }
            readers.append((start, first, reader))
            members.append(try await group(context, peer, place, startingAt: start))
        }
        let last = context.message("last")
        try await peer.publish(last, to: place)
        for ((start, first, reader), member) in zip(readers, members) {
            let expected = (messages + [last]).suffix(from: first).map(\.id)
            try await reads(context, "a reader from \(start)", expected) { limit, wait in
                try await reader.receive(upTo: limit, within: wait)
            }
            await reader.cancel()
            try await reads(context, "a group from \(start)", expected) { limit, wait in
                try await member.receive(upTo: limit, within: wait)
            }
        }
    }

    /// Publishes one by one; their positions, and a moment between the third and the fourth.
    private static func published(
        _ context: ScenarioContext, _ messages: [Message], _ peer: Peer, _ place: Place
    ) async throws -> ([Position], Timestamp) {
        var positions: [Position] = []
        var middle = context.time.now
        for (number, message) in messages.enumerated() {
            if number == 3 {
                try await context.time.sleep(for: .milliseconds(30))
                middle = context.time.now
                try await context.time.sleep(for: .milliseconds(30))
            }
            let options = PublishOptions(positions: true)
            positions += try await peer.publish(message, to: place, options: options).positions
        }
        let (count, expected) = (positions.count, messages.count)
        try context.require(count == expected, "publish gave \(count) positions for \(expected) messages")
        return (positions, middle)
    }

    /// A group that is declared with this start begins there too.
    private static func group(
        _ context: ScenarioContext, _ peer: Peer, _ place: Place, startingAt start: StartPosition
    ) async throws -> Member {
        let group = context.group()
        var declaration = DestinationDeclaration(place.destination)
        declaration.groups[group] = .init(start: start)
        try await peer.declare([declaration])
        return try await peer.subscribe(place.with(group: group))
    }

    private static func reads(
        _ context: ScenarioContext, _ what: String, _ expected: [MessageID],
        _ receive: @escaping @Sendable (Int, Duration) async throws -> [Delivery]
    ) async throws {
        let (time, patience) = (context.time, context.patience)
        let end = time.uptime + patience
        var read: [MessageID] = []
        while read.count < expected.count, time.uptime < end {
            let rest = expected.count - read.count
            read += try await time.bounded(what, within: patience * 2) { try await receive(rest, patience) }
                .map(\.message.id)
        }
        func list(_ ids: [MessageID]) -> String { ids.map { context.history.name(of: $0) }.joined(separator: " ") }
        try context.require(read == expected, "\(what) read \(list(read)), not \(list(expected))", about: expected)
    }
}
