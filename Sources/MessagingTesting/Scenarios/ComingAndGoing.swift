import Messaging

/// Scenario 48: members come and go while messages keep coming; one task drives them all, so that what each holds and has
/// settled is known.
struct ComingAndGoing {
    static let all: [Scenario] = [
        Scenario(
            48, "A member that joins or leaves loses nothing and repeats only what was not settled.",
            why: """
                Every deployment and every change of scale would lose messages, or handle some of them again.
                """,
            .queue, .stream, body: losesNothing)
    ]

    private struct Holder {
        let peer: Peer
        let member: Member
        var held: [Delivery] = []
    }

    private let context: ScenarioContext
    private let publisher: Peer
    private let place: Place
    private var published: [MessageID] = []
    private var settled: Set<MessageID> = []
    private var holders: [Holder] = []

    static func losesNothing(_ context: ScenarioContext) async throws {
        let publisher = try await context.peer()
        let place = try await context.place(by: publisher)
        var run = ComingAndGoing(context: context, publisher: publisher, place: place)
        try await run.publish(40)
        try await run.join()
        try await run.turns()
        try await run.join()
        try await run.turns()
        try await run.publish(40)
        try await run.leave { holder in
            try await holder.member.cancel()
            return []
        }
        try await run.turns()
        try await run.join()
        try await run.publish(40)
        try await run.turns()
        try await run.leave { holder in
            await holder.peer.close()
            return []
        }
        try await run.turns()
        try await run.join()
        try await run.turns()
        try await run.leave { holder in
            try await holder.member.stop()
            let settled = try await accepted(holder.held, by: holder.member)
            try await holder.member.cancel()
            return settled
        }
        try await run.join()
        try await run.untilDone()
        for holder in run.holders { try await holder.member.cancel() }
        try await context.nothingComesBack(from: place, because: "it was settled before its member left")
    }

    private init(context: ScenarioContext, publisher: Peer, place: Place) {
        self.context = context
        self.publisher = publisher
        self.place = place
    }

    private mutating func publish(_ count: Int) async throws {
        let messages = context.messages(count, keys: 10)
        published += messages.map(\.id)
        try await publisher.publish(messages, to: place)
    }

    private mutating func join() async throws {
        let peer = try await context.peer()
        holders.append(Holder(peer: peer, member: try await peer.subscribe(place, window: 10)))
    }

    /// The oldest member leaves in some way, with what it holds, a part of which it may settle.
    private mutating func leave(_ how: (Holder) async throws -> [MessageID]) async throws {
        guard !holders.isEmpty else { return }
        settled.formUnion(try await how(holders.removeFirst()))
    }

    /// Accepts in one call; what was settled by that.
    private static func accepted(_ deliveries: [Delivery], by member: Member) async throws -> [MessageID] {
        let outcomes = try await member.settle(deliveries.map { ($0, .accept) })
        return zip(deliveries, outcomes).filter { $0.1 == .settled }.map(\.0.message.id)
    }

    /// Everybody takes some, and settles the younger half of what it holds.
    private mutating func turns() async throws {
        for _ in 0..<3 { for index in holders.indices { try await turn(index, sharing: 2) } }
    }

    private mutating func untilDone() async throws {
        var end = context.time.uptime + context.patience
        while settled.count < published.count {
            let before = settled.count
            for index in holders.indices { try await turn(index, sharing: 1) }
            if settled.count > before { end = context.time.uptime + context.patience }
            let rest = published.filter { !settled.contains($0) }
            try context.require(
                context.time.uptime < end, "while members came and went, \(context.names(rest)) was lost", about: rest)
        }
    }

    private mutating func turn(_ index: Int, sharing part: Int) async throws {
        for delivery in try await holders[index].member.receive(upTo: 4, within: .milliseconds(10)) {
            try requireNotRepeated(delivery)
            holders[index].held.append(delivery)
        }
        let share = holders[index].held.suffix(holders[index].held.count / part)
        holders[index].held.removeLast(share.count)
        if share.isEmpty { return }
        settled.formUnion(try await Self.accepted(Array(share), by: holders[index].member))
    }

    /// Nobody has settled it, and nobody who is still there holds it.
    private func requireNotRepeated(_ delivery: Delivery) throws {
        let id = delivery.message.id
        try context.require(published.contains(id), "a message came that nobody published", about: [id])
        try context.require(
            !settled.contains(id), "\(context.names([id])) came again, though it was settled", about: [id])
        for holder in holders {
            let isHeld = holder.held.contains { $0.message.id == id && holder.member.holds($0) }
            try context.require(
                !isHeld, "\(context.names([id])) came again, though \(holder.member.name) holds it", about: [id])
        }
    }
}
