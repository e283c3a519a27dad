import Messaging

/// Scenario 60: what was there at subscribe is to be settled, by whomever; what comes later is not waited for.
struct UntilTheEnd {
    private let context: ScenarioContext
    private let peer: Peer
    private let place: Place
    private let messages: [Message]

    static func endsThere(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer, delays: .seconds(1))
        let run = UntilTheEnd(context: context, peer: peer, place: place, messages: context.messages(4))
        try await peer.publish(run.messages, to: place)
        if context.kind == .stream, context.can(.replay) { try await run.replayWaitsForNobody() }
        let dead = try await context.peer()
        let holder = try await dead.subscribe(place, window: 1)
        try await run.waitsForTheDead(dead, holder, try await holder.take(1).map(\.message.id))
        try await run.endsWhenAnotherSettles()
    }

    /// `holder` is what holds it, of a process that dies.
    private func waitsForTheDead(_ dead: Peer, _ holder: Member, _ held: [MessageID]) async throws {
        let member = try await peer.subscribe(place) { $0.until = .end }
        let later = context.messages(2)
        try await peer.publish(later, to: place)
        var beyond: [Delivery] = []
        let mine = messages.map(\.id).filter { !held.contains($0) }
        var taken = try await take(mine, by: member, &beyond)
        if context.can(.retry), let first = taken.first {
            try await member.settled(first, .retry(after: context.delay(50), failure: nil))
            try await member.accept(Array(taken.dropFirst()))
            taken = try await take([first.message.id], by: member, &beyond)
        }
        try await member.accept(taken)
        do {
            var more: [Delivery]
            repeat {
                more = try await member.receive(upTo: 10, within: .milliseconds(150))
                beyond += more
            } while !more.isEmpty
        } catch let error as BrokerError {
            throw ScenarioFailure(
                "a subscription until the end threw \(error) while a peer held a message", about: held)
        }
        try context.require(held.count == 1, "\(holder.name) holds \(held.count) messages, not one", about: held)
        await dead.kill()
        try await member.accept(try await take(held, by: member, &beyond))
        try await requireEnd(of: member, &beyond)
        let ids = later.map(\.id)
        try context.require(
            beyond.allSatisfy { ids.contains($0.message.id) }, "what was settled came again before the end",
            about: beyond.map(\.message.id))
        try await member.accept(beyond)
        try await member.cancel()
        try await holder.cancel()
        let rest = ids.filter { id in !beyond.contains { $0.message.id == id } }
        let back = try await context.nothingComesBack(from: place, but: rest, because: "it was settled up to the end")
        try context.requireExactly(back, rest, "what came after the end")
        try await acceptAll()
    }

    /// Takes these; what comes beside them is from beyond the end, and stays held.
    private func take(
        _ ids: [MessageID], by member: Member, _ beyond: inout [Delivery]
    ) async throws -> [Delivery] {
        var taken: [Delivery] = []
        let end = context.time.uptime + context.patience
        while taken.count < ids.count {
            let missing = ids.filter { id in !taken.contains { $0.message.id == id } }
            try context.require(
                context.time.uptime < end, "\(context.names(missing)) did not come before the end", about: missing)
            do {
                for delivery in try await member.receive(upTo: 1, within: end - context.time.uptime) {
                    if ids.contains(delivery.message.id) { taken.append(delivery) } else { beyond.append(delivery) }
                }
            } catch let error as BrokerError {
                throw ScenarioFailure(
                    "a subscription until the end threw \(error) before \(context.names(missing)) was settled",
                    about: missing)
            }
        }
        return taken
    }

    /// It throws `ended(.reachedEnd)`, twice; what comes before that stays held.
    private func requireEnd(of member: Member, _ beyond: inout [Delivery]) async throws {
        let end = context.time.uptime + context.patience
        var times = 0
        while times < 2 {
            try context.require(
                context.time.uptime < end,
                "a subscription until the end had not ended \(context.patience.optionText) after all was settled",
                about: messages.map(\.id))
            do {
                let more = try await member.receive(upTo: 10, within: context.patience / 4)
                try context.require(
                    times == 0, "a subscription that had reached its end gave more", about: more.map(\.message.id))
                beyond += more
            } catch let error as BrokerError {
                try context.require(
                    error.endReason == .reachedEnd, "a subscription whose end is reached threw \(error)")
                times += 1
            }
        }
    }

    private func acceptAll() async throws {
        let member = try await peer.subscribe(place)
        try await member.accept(try await member.takeAll(quiet: .milliseconds(50)))
        try await member.cancel()
    }

    /// One that waits ends when a living peer settles the last; one that comes then ends at once.
    private func endsWhenAnotherSettles() async throws {
        let other = try await context.peer()
        try await peer.publish(context.message("last"), to: place)
        let holder = try await other.subscribe(place, window: 1)
        let held = try await holder.take(1)
        let member = try await peer.subscribe(place) { $0.until = .end }
        let wait = context.patience
        let receiving = context.meanwhile("a receive until the end") { try await member.receive(within: wait) }
        try await context.time.sleep(for: .milliseconds(20))
        try await holder.accept(held)
        do {
            let more = try await receiving.value()
            throw ScenarioFailure(
                "a receive that waited for the end returned \(more.count) deliveries", about: held.map(\.message.id))
        } catch let error as BrokerError {
            try context.require(error.endReason == .reachedEnd, "a receive that waited for the end threw \(error)")
        }
        var nothing: [Delivery] = []
        try await requireEnd(of: try await peer.subscribe(place) { $0.until = .end }, &nothing)
    }

    /// A reader to the end reads what is there, though a peer holds some of it, and nothing that comes later.
    private func replayWaitsForNobody() async throws {
        guard let replay = peer.broker.replay else {
            throw ScenarioFailure("the broker declares that it can replay a stream, but has no such power")
        }
        let place = try await context.place(by: peer)
        let first = context.messages(3)
        try await peer.publish(first, to: place)
        let holder = try await peer.subscribe(place, window: 1)
        let held = try await holder.take(1)
        let (time, patience, destination) = (context.time, context.patience, place.destination)
        let reader = try await time.bounded("a bounded reader", within: patience) {
            try await replay.reader(of: destination, from: .earliest, until: .end)
        }
        try await peer.publish(context.message("later"), to: place)
        var read: [MessageID] = []
        for _ in 0..<8 {
            do {
                read += try await time.bounded("a bounded replay", within: patience * 2) {
                    try await reader.receive(upTo: 2, within: patience / 4)
                }.map(\.message.id)
            } catch let error as BrokerError {
                try context.require(error.endReason == .reachedEnd, "a bounded replay ended with \(error)")
                try context.require(
                    read == first.map(\.id),
                    "a bounded replay read \(context.names(read)), not the three that were there", about: read)
                return try await holder.accept(held)
            }
        }
        throw ScenarioFailure("a bounded replay read \(context.names(read)) and did not end", about: read)
    }
}
