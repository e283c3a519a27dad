import Messaging

/// Delays and expirations.
enum TimeScenarios {
    static let all: [Scenario] = [
        Scenario(
            23,
            """
            A delay (`notBefore`) is a floor: 1.5 s never comes after 1 s, a short one is not held up behind a long \
            one; it is met within 250 ms when nothing else waits.
            """,
            why: "A reminder would come before its time, or wait for another one that is due much later.",
            .queue, needs: [.operation(.delay)], body: delayIsAFloor),
        Scenario(
            25,
            """
            `receive` never hands out an expired message, nor one that has waited in a queue for its retention; the \
            broker dead-letters them where it is to, and those the backend removes are in `health`, where the \
            capability says that it can tell.
            """,
            why: "An offer would be accepted, or a code be used, after its time is over.",
            .queue, .stream, needs: [.operation(.expiration)], body: expiredIsNotHandedOut),
    ]

    static func delayIsAFloor(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        try await context.requirePrompt("beyond its delay, a message", within: .milliseconds(250)) {
            let place = try await context.place(by: peer) { $0.longestDelay = .seconds(10) }
            let member = try await peer.subscribe(place)
            var (long, short) = (context.message("long"), context.message("short"))
            long.notBefore = context.time.now + context.delay(1500)
            short.notBefore = context.time.now + context.delay(300)
            try await peer.publish([long, short], to: place)
            let dueAt = [long, short].reduce(into: [:]) { $0[$1.id] = $1.notBefore }
            var (lateness, received) = (Duration.zero, [Delivery]())
            while received.count < 2 {
                let delivery = try await member.takeOne()
                let (now, id) = (context.time.now, delivery.message.id)
                received.append(delivery)
                guard let notBefore = dueAt[id] else { continue }
                try context.require(
                    now >= notBefore, "a message for \(notBefore) came at \(now), too early", about: [id])
                try await member.settled(delivery, .accept)
                lateness = max(lateness, now - notBefore)
            }
            try context.requireExactly(received, [long.id, short.id], "a long delay and a short one")
            try await member.cancel()
            return lateness
        }
    }

    /// Three messages, of which the first expires soon: later on a machine that stalled in the middle of publishing.
    private static func published(
        _ context: ScenarioContext, _ peer: Peer, _ place: Place
    ) async throws -> [Message] {
        var messages = context.messages(3)
        messages[2].expiration = context.time.now + .seconds(3600)
        for lifetime in [Duration.milliseconds(250), .seconds(1), .seconds(4)] {
            messages[0].expiration = context.time.now + lifetime
            let outcomes = try await peer.outcomes(ofOne: messages[0], to: place)
            if outcomes.isEmpty { break }
            try context.requireRefused(outcomes[0], .expired, messages[0], "a message that has yet to expire")
        }
        try await peer.publish(Array(messages[1...]), to: place)
        return messages
    }

    static func expiredIsNotHandedOut(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        let messages = try await published(context, peer, place)
        if let expiration = messages[0].expiration {
            try await context.time.sleep(for: expiration - context.time.now + .milliseconds(100))
        }
        let deliveries = try await member.take(2)
        try context.requireExactly(deliveries, messages[1...].map(\.id), "what had not expired")
        try await member.accept(deliveries)
        try await context.watch(member, publishingBy: peer, because: "it had expired or was accepted")
        if context.can(.expiredCount) {
            let counted = await peer.broker.health().subscriptions.reduce(0) { $0 + $1.expired }
            try context.require(
                counted == 1, "health counts \(counted) expired messages, not 1", about: [messages[0].id])
        }
        try await expiredWhileHeld(context, peer)
        if context.kind == .queue { try await WaitedTooLong(context, peer).isJudged() }
    }

    /// What expires while it is held is not handed out again once it is given back.
    private static func expiredWhileHeld(_ context: ScenarioContext, _ peer: Peer) async throws {
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        guard let held = try await takenBeforeItExpires(context, peer, place, member) else {
            throw ScenarioFailure("nothing with four seconds to live was handed out")
        }
        if let expiration = held.message.expiration {
            try await context.time.sleep(for: expiration - context.time.now + .milliseconds(100))
        }
        try await member.settled(held, .release)
        try await context.watch(member, publishingBy: peer, because: "it had expired when it was released")
        try await member.cancel()
        try await context.nothingComesBack(from: place, because: "it had expired when it was released")
    }

    /// A held message that expires soon: later on a machine that stalled before it was received.
    private static func takenBeforeItExpires(
        _ context: ScenarioContext, _ peer: Peer, _ place: Place, _ member: Member
    ) async throws -> Delivery? {
        for lifetime in [Duration.milliseconds(250), .seconds(1), .seconds(4)] {
            var message = context.message()
            message.expiration = context.time.now + lifetime
            guard try await peer.outcomes(ofOne: message, to: place).isEmpty else { continue }
            if let delivery = try await member.receive(within: lifetime).first { return delivery }
        }
        return nil
    }
}
