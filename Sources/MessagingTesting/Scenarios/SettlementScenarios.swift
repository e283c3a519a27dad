import Messaging
import MessagingHub

/// What becomes of a delivery once somebody has said so, and once nobody has.
enum SettlementScenarios {
    static let all: [Scenario] = [
        Scenario(
            1,
            """
            A delivery that was accepted never comes back: not on this consumer, not on a new connection, neither \
            before nor after a later message.
            """,
            why: "A payment that was booked and settled would be booked again.",
            .queue, .stream, body: acceptedNeverComesBack),
        Scenario(
            2,
            """
            A delivery whose handler says `.reject` is dead-lettered once and never comes back; at the seam, neither \
            does one that was forwarded or discarded.
            """,
            why: "What was given up or sent on would come again, and be handled twice.",
            .queue, .stream, body: forwardedAndDiscardedNeverComeBack),
        Scenario(
            2,
            """
            A delivery whose handler says `.reject` is dead-lettered once and never comes back; at the seam, neither \
            does one that was forwarded or discarded.
            """,
            why: "A message that its handler has refused for good would be lost, or run again for ever.",
            .queue, .stream, level: .hub, body: rejectedIsDeadLettered),
        Scenario(
            3,
            "On a destination without order, a delivery retried comes again, with attempt + 1, not before its delay.",
            why:
                "A passing failure would lose the message, or hammer a service that is down with runs that come too soon.",
            .queue, .stream, needs: [.operation(.retry)], body: retriedComesAgain),
        Scenario(
            4,
            """
            A delivery released, or no longer held (consumer cancelled or let go, process killed), comes again; after \
            `cancel` at once, not after a lease; after `stop` what is held can still be settled.
            """,
            why: "Work that a stopped or crashed process had begun would be lost, or lie idle until a lease ends.",
            .queue, .stream, body: letGoComesAgain),
        Scenario(
            5,
            """
            Accepting the third of three held deliveries settles only the third; the first two come back after the \
            consumer goes, also on a log broker, whose position cannot say so by itself.
            """,
            why: "Finishing one message would quietly finish earlier ones that nobody has handled yet.",
            .queue, .stream, body: acceptIsNotCumulative),
        Scenario(
            7, "Settling 100 receipts of which one is stale settles the other 99 and names the one.",
            why: "One receipt that is too late would undo the work of a whole batch, or be taken for done.",
            .queue, .stream, body: oneStaleAmongAHundred),
        Scenario(
            9,
            "A second settlement of one receipt, whatever it says, answers `stale`, changes nothing and publishes nothing.",
            why: "A program that settles twice by mistake would bring a finished message back, or send a copy twice.",
            .queue, .stream, body: secondSettlementIsStale),
        Scenario(
            11, "One failed element of a batch comes back alone.",
            why: "One failure would repeat its finished neighbours, or be lost among them.",
            .queue, .stream, body: oneFailedComesBackAlone),
    ]

    static func acceptedNeverComesBack(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        try await peer.publish(context.messages(4), to: place)
        let member = try await peer.subscribe(place)
        let deliveries = try await member.take(4)
        try await member.accept(Array(deliveries.prefix(3)))
        for delivery in deliveries.suffix(1) { try await member.settled(delivery, .accept) }
        try await context.watch(member, publishingBy: peer, because: "it was accepted on this consumer")
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "it was accepted before")
    }

    static func forwardedAndDiscardedNeverComeBack(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer) { $0.deadLetters = .none }
        let target = try await context.place(by: peer)
        try await peer.publish(context.messages(2), to: place)
        let member = try await peer.subscribe(place)
        let deliveries = try await member.take(2)
        let copy = context.message("copy")
        try await member.settled(deliveries[0], .forward([Outgoing(copy, to: target.destination)]))
        try await member.settled(deliveries[1], .discard(reason: "nobody wants it"))
        try await member.cancel()
        let copies = try await context.nothingComesBack(
            from: target, but: [copy.id], because: "only the forwarded copy was published")
        try context.requireExactly(copies, [copy.id], "what was forwarded")
        try await context.nothingComesBack(from: place, because: "it was forwarded or discarded")
    }

    static func rejectedIsDeadLettered(_ context: ScenarioContext) async throws {
        let (place, message) = (context.nowhere(), context.message())
        let dead = context.deadLetters(of: place)
        let handler = context.handler { _ in throw Reject("nobody wants it") }
        let peer = try await context.peer()
        try await context.withHub(at: place) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            let member = try await peer.subscribe(dead)
            let letter = try await member.takeOne()
            try context.requireExactly([letter], [message.id], "the dead letter")
            let reason = letter.message.headers[.deadLetterReason]
            try context.require(
                reason == "rejected", "the reason is \(reason ?? "missing"), not rejected", about: [message.id])
            try await context.watch(member, publishingBy: peer, because: "it was dead-lettered once")
            try await member.accept([letter])
            try await member.cancel()
        }
        try context.require(
            handler.handled.count == 1, "the handler ran \(handler.handled.count) times, not once", about: [message.id])
        try await context.nothingComesBack(from: place, because: "it was rejected and dead-lettered")
        try await context.nothingComesBack(from: dead, because: "it was dead-lettered once")
    }

    static func retriedComesAgain(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer, delays: .seconds(5))
        let message = context.message()
        try await peer.publish(message, to: place)
        let member = try await peer.subscribe(place)
        var delivery = try await member.takeOne()
        for attempt in 1...3 {
            let id = delivery.message.id
            try context.require(id == message.id, "it came again as another message", about: [message.id, id])
            try context.require(
                delivery.attempt == attempt, "run \(attempt) came as attempt \(delivery.attempt), not as \(attempt)",
                about: [id])
            let delay = context.delay(100 * attempt)
            let failure = Failure("failed on purpose", at: context.time.now)
            let settledAt = context.time.uptime
            try await member.settled(delivery, .retry(after: delay, failure: failure))
            delivery = try await member.takeOne()
            let waited = context.time.uptime - settledAt
            try context.require(
                waited >= delay, "retried after \(delay.optionText), it came after \(waited.inMilliseconds)",
                about: [id])
        }
        try await member.settled(delivery, .accept)
        try await context.watch(member, publishingBy: peer, because: "it was retried three times and then accepted")
    }

    static func letGoComesAgain(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let ids = try await publishTwo(context, peer, place)
        let member = try await peer.subscribe(place)
        for delivery in try await member.take(2) { try await member.settled(delivery, .release) }
        try context.requireExactly(try await member.take(2), ids, "what was released")
        try await member.cancel()
        let cancelledAt = context.time.uptime
        let second = try await peer.subscribe(place)
        try context.requireExactly(try await second.take(2), ids, "what the cancelled consumer held")
        let waited = context.time.uptime - cancelledAt
        try context.require(
            waited < .seconds(1), "after cancel it came back only after \(waited.inMilliseconds)", about: ids)
        try await second.stop()
        try await comesAgainAfterAProcess(context, place, ids, second)
    }

    /// The end of 4: what is held after `stop` is settled, what a killed process or a lost consumer held comes again.
    private static func comesAgainAfterAProcess(
        _ context: ScenarioContext, _ place: Place, _ ids: [MessageID], _ stopped: Member
    ) async throws {
        do {
            let more = try await stopped.receive(within: context.patience)
            throw ScenarioFailure("after stop, receive returned \(more.count) deliveries instead of throwing ended")
        } catch let error as BrokerError {
            try context.require(error.code == .ended, "after stop, receive threw \(error), not ended")
        }
        try await stopped.cancel()
        let doomed = try await context.peer()
        let held = try await doomed.subscribe(place).take(2)
        try context.requireExactly(held, ids, "what was held at stop")
        let last = try await doomed.subscribe(place)
        try context.requireExactly(try await last.take(2), ids, "what the consumer held that was let go of")
        await doomed.kill()
        withExtendedLifetime(last) {}
        let peer = try await context.peer()
        let heir = try await peer.subscribe(place)
        let deliveries = try await heir.take(2)
        try context.requireExactly(deliveries, ids, "what the killed process held")
        try await heir.stop()
        try await heir.accept(deliveries)
        try await heir.cancel()
        try await context.nothingComesBack(from: place, because: "it was accepted after stop")
    }

    private static func publishTwo(
        _ context: ScenarioContext, _ peer: Peer, _ place: Place
    ) async throws -> [MessageID] {
        let messages = context.messages(2)
        try await peer.publish(messages, to: place)
        return messages.map(\.id)
    }

    static func acceptIsNotCumulative(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let messages = context.messages(3, keys: 1)
        try await peer.publish(messages, to: place)
        let holder = try await context.peer()
        let member = try await holder.subscribe(place)
        let deliveries = try await member.take(3)
        try await member.settled(deliveries[2], .accept)
        try await member.cancel()
        await holder.close()
        let back = deliveries.prefix(2).map(\.message.id)
        let seen = try await context.nothingComesBack(
            from: place, but: back, because: "the third of three was accepted")
        try context.requireExactly(seen, back, "the two before the accepted third")
    }

    static func oneStaleAmongAHundred(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        try await peer.publish(context.messages(100), to: place)
        let member = try await peer.subscribe(place)
        let deliveries = try await member.take(100)
        let stale = 41
        try await member.settled(deliveries[stale], .accept)
        let outcomes = try await member.settle(deliveries.map { ($0, .accept) })
        for (index, outcome) in outcomes.enumerated() {
            let expected: SettlementOutcome = index == stale ? .stale : .settled
            try context.require(
                outcome == expected, "settlement \(index) of 100 was answered \(outcome), not \(expected)",
                about: [deliveries[index].message.id])
        }
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "it was accepted beside a stale receipt")
    }

    static func secondSettlementIsStale(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let target = try await context.place(by: peer)
        try await peer.publish(context.messages(2), to: place)
        let member = try await peer.subscribe(place)
        let deliveries = try await member.take(2)
        let failure = Failure("too late", at: context.time.now)
        let second: [Settlement] = [
            .accept, .release, .retry(after: .zero, failure: failure), .discard(reason: "too late"),
            .forward([Outgoing(context.message("late-copy"), to: target.destination)]),
        ]
        try await member.settled(deliveries[0], .accept)
        for settlement in second { try await requireStale(context, member, deliveries[0], settlement) }
        try await member.settled(deliveries[1], .release)
        let again = try await member.takeOne()
        for settlement in second { try await requireStale(context, member, deliveries[1], settlement) }
        try context.require(
            member.holds(again), "a stale settlement ended the hold that came after it", about: [again.message.id])
        try context.require(
            !member.holds(deliveries[0]), "holds says true of a settled receipt", about: [deliveries[0].message.id])
        try await member.settled(again, .accept)
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "it was accepted; what was said later was stale")
        try await context.nothingComesBack(from: target, because: "the forward was stale")
    }

    private static func requireStale(
        _ context: ScenarioContext, _ member: Member, _ delivery: Delivery, _ settlement: Settlement
    ) async throws {
        let outcome = try await member.settle(delivery, settlement)
        try context.require(
            outcome == .stale, "\(settlement.word) of a settled receipt was answered \(outcome), not stale",
            about: [delivery.message.id])
    }

    static func oneFailedComesBackAlone(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let nowhere = context.nowhere()
        var failing: [Settlement] = [
            .release, .forward([Outgoing(context.message("copy"), to: nowhere.destination)]),
        ]
        if context.can(.retry) {
            failing.append(.retry(after: .zero, failure: Failure("failed on purpose", at: context.time.now)))
        }
        for settlement in failing { try await oneFails(context, peer, settlement) }
    }

    private static func oneFails(_ context: ScenarioContext, _ peer: Peer, _ settlement: Settlement) async throws {
        let place = try await context.place(by: peer, delays: .seconds(1))
        try await peer.publish(context.messages(5), to: place)
        let member = try await peer.subscribe(place)
        let deliveries = try await member.take(5)
        let outcomes = try await member.settle(deliveries.enumerated().map { ($1, $0 == 1 ? settlement : .accept) })
        for (index, outcome) in outcomes.enumerated() where index != 1 {
            try context.require(
                outcome == .settled, "an accept beside a \(settlement.word) was answered \(outcome)",
                about: [deliveries[index].message.id])
        }
        try await member.cancel()
        let failed = [deliveries[1].message.id]
        let back = try await context.nothingComesBack(
            from: place, but: failed, because: "it was accepted in a batch of which another failed")
        try context.requireExactly(back, failed, "the element whose settlement was a \(settlement.word)")
    }
}
