import Messaging

/// Scenario 57: a stream for four messages that has let go of its first two.
struct GonePosition {
    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    private let member: Member
    private let replay: any Replaying

    static func isSaid(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer) { $0.maximumMessages = 4 }
        guard let replay = peer.broker.replay else {
            throw ScenarioFailure("the broker declares that it can replay a stream, but has no such power")
        }
        let member = try await peer.subscribe(place)
        let gone = GonePosition(context: context, peer: peer, place: place, member: member, replay: replay)
        let messages = context.messages(4)
        let options = PublishOptions(positions: true)
        let positions = try await peer.publish(messages, to: place, options: options).positions
        try context.require(positions.count == 4, "publish gave \(positions.count) positions for 4 messages")
        let standing = try await gone.reader(from: .position(positions[1]))
        try await member.accept(try await member.take(4))
        let error = try await gone.letGo(of: messages[1], at: positions[1])
        let first = try await gone.requireFirst(error)
        try context.require(!messages.prefix(2).map(\.id).contains(first), "what is gone was read", about: [first])
        try await gone.requireUnmoved(standing, at: messages[1])
        try await gone.requireNoGroup(startingAt: positions[0])
        try await gone.goesOn()
    }

    private func reader(from start: StartPosition) async throws -> any ReplayReader {
        let (replay, destination) = (replay, place.destination)
        return try await context.time.bounded("a reader from \(start)", within: context.patience) {
            try await replay.reader(of: destination, from: start, until: nil)
        }
    }

    private func read(_ reader: any ReplayReader) async throws -> [Delivery] {
        let wait = context.patience
        return try await context.time.bounded("a replay", within: wait * 2) {
            try await reader.receive(upTo: 1, within: wait)
        }
    }

    /// Publishes, and reads, until a message is gone; what a reader from its position is told then.
    private func letGo(of message: Message, at position: Position) async throws -> BrokerError {
        let end = context.time.uptime + context.patience
        while context.time.uptime < end {
            try await peer.publish(context.message(), to: place)
            try await member.accept(try await member.take(1))
            let began: [Delivery]
            do {
                let reader = try await reader(from: .position(position))
                began = try await read(reader)
                await reader.cancel()
            } catch let error as BrokerError {
                try context.require(
                    error.code == .positionGone, "a reader from a position that is gone was told \(error)")
                return error
            }
            try context.require(
                began.map(\.message.id) == [message.id],
                "a reader from a position that is gone began with \(context.names(began.map(\.message.id)))",
                about: began.map(\.message.id))
        }
        throw ScenarioFailure(
            "a stream for 4 messages had not let go of its second after \(context.patience.optionText)")
    }

    /// The error says what is the first, which is what a reader from the earliest begins with; its message.
    private func requireFirst(_ error: BrokerError) async throws -> MessageID {
        guard let text = error.details["first"], let first = Position(text) else {
            throw ScenarioFailure("the error of a position that is gone does not say what is the first: \(error)")
        }
        try context.require(
            error.sentence.contains(text), "the sentence of a position that is gone does not name the first: \(error)")
        var began: MessageID?
        for start in [StartPosition.earliest, .position(first)] {
            let reader = try await reader(from: start)
            let delivery = try await read(reader)
            await reader.cancel()
            try context.require(
                delivery.map(\.position) == [first],
                "the first was said to be \(first), but a reader from \(start) began at \(delivery.map(\.position))")
            began = delivery.first?.message.id
        }
        guard let began else { throw ScenarioFailure("a reader from \(first) read nothing") }
        return began
    }

    /// A reader that stood at what is gone has not moved: it is told, every time, unless it had the message already.
    private func requireUnmoved(_ standing: any ReplayReader, at message: Message) async throws {
        for time in ["first", "second"] {
            do {
                let read = try await read(standing)
                try context.require(
                    time == "first" && read.map(\.message.id) == [message.id],
                    "a reader whose next message is gone went on with \(context.names(read.map(\.message.id)))",
                    about: read.map(\.message.id))
                break
            } catch let error as BrokerError {
                try context.require(
                    error.code == .positionGone,
                    "a reader whose next message is gone was told \(error) the \(time) time")
                _ = try await requireFirst(error)
            }
        }
        await standing.cancel()
    }

    /// A group cannot begin there either, and is not made.
    private func requireNoGroup(startingAt position: Position) async throws {
        let group = context.group()
        var declaration = DestinationDeclaration(place.destination)
        declaration.maximumMessages = 4
        declaration.groups[group] = .init(start: .position(position))
        do {
            try await peer.declare([declaration])
        } catch let error as BrokerError {
            try context.require(
                error.code == .positionGone, "a group from a position that is gone was told \(error)")
            _ = try await requireFirst(error)
            return
        }
        throw ScenarioFailure("a group that was to start at a position that is gone was made")
    }

    /// The group that read everything is where it was.
    private func goesOn() async throws {
        let last = context.message("last")
        try await peer.publish(last, to: place)
        try context.requireExactly(try await member.take(1), [last.id], "a group beside readers of what is gone")
    }
}
