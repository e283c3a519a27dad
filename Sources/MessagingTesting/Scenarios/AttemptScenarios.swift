import Messaging
import MessagingHub
import MessagingReliability

/// How runs are counted.
enum AttemptScenarios {
    static let all: [Scenario] = [
        Scenario(
            13,
            """
            Attempt is 1, exactly one more after a retry, as `crashCount` says after a lost hold or a crash, and the \
            same (or one more, as `releaseCounts` says) after release or cancel.
            """,
            why: "Limits on retries would end too early or never, because nobody knows how often a message has failed.",
            .queue, .stream, needs: [.operation(.retry)], body: attemptsAreCounted),
        Scenario(
            15, "A retry in one group is never seen by another group.",
            why: "A failure in billing would have shipping handle the same order twice.",
            .stream, needs: [.operation(.retry)], body: retryStaysInItsGroup),
        Scenario(
            16,
            """
            With a limit of n a handler that fails runs exactly n times, the dead letter arrives once, nothing \
            follows; a message is never dead-lettered as exhausted without a failed run in this process just before; \
            where `crashCount` is `exact` or `deliveries`, one that kills its process again and again is \
            dead-lettered as `crashed` after the limit and 16 more.
            """,
            why: "A poison message would run for ever, or be given up before its tries are used.",
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: runsExactlyToItsLimit),
        Scenario(
            18,
            """
            A dead letter carries reason, origin, attempt, error, first failure time (of this process where a retry \
            is not a copy) and last, and body, headers and key unchanged.
            """,
            why: "Whoever looks at a dead letter could not tell why it is there, nor put it back as it was.",
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: deadLetterCarries),
        Scenario(
            19,
            """
            When the dead-letter destination refuses or is slow, the original stays; killed between dead letter and \
            accept: a duplicate, never a loss.
            """,
            why: "A message would be gone for good when the place for failed ones is full just then.",
            .queue, .stream, level: .hub, body: refusedDeadLetterLosesNothing),
        Scenario(
            21,
            """
            After a failed run the next run is never earlier than the policy's first delay, also where the broker \
            returns the message at once; a release or a crash has no such floor.
            """,
            why: "A service that has just failed would be called again at once, as fast as the broker can deliver.",
            .queue, .stream, level: .hub, needs: [.operation(.retry)], body: delayIsAFloor),
    ]

    static func attemptsAreCounted(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer, delays: .seconds(1))
        try await peer.publish(context.message(), to: place)
        let released: Int32 = peer.broker.capabilities.releaseCounts ? 1 : 0
        var expected: Int32 = 1
        let member = try await peer.subscribe(place)
        try await require(context, member, expected, "first", then: .retry(after: .zero, failure: nil))
        expected += 1
        try await require(context, member, expected, "after a retry", then: .release)
        expected += released
        try await require(context, member, expected, "after a release", then: nil)
        try await member.cancel()
        expected += released
        var last = "after cancel"
        if peer.broker.limits.maxHold >= longestHold {
            expected = try await holdIsLost(context, peer, place, expected, last) + released
            last = "after another release"
        }
        for what in ["process", "server"] {
            let doomed = try await context.peer()
            let holder = try await doomed.subscribe(place)
            try await require(context, holder, expected, last, then: nil, begins: true)
            let isKilled = try await dies(doomed, withServer: what == "server", context)
            expected = isKilled ? after(peer.broker.capabilities.crashCount, expected) : expected + released
            last = "after a \(isKilled ? "killed" : "closed") \(what)"
            withExtendedLifetime(holder) {}
        }
        let survivor = try await context.peer()
        let heir = try await survivor.subscribe(place)
        try await require(context, heir, expected, last, then: .retry(after: .zero, failure: nil))
        try await require(context, heir, expected + 1, "after another retry", then: .accept)
    }

    /// How long a consumer of 13 may hold what it neither settles nor gives back.
    private static let longestHold = Duration.milliseconds(300)

    /// A consumer holds a delivery for longer than it may, is handed it again, and releases that; the attempt that this
    /// was.
    private static func holdIsLost(
        _ context: ScenarioContext, _ peer: Peer, _ place: Place, _ expected: Int32, _ what: String
    ) async throws -> Int32 {
        let member = try await peer.subscribe(place) { $0.maxHold = longestHold }
        let began = context.time.uptime
        let held = try await require(context, member, expected, what, then: nil, begins: true)
        let again = try await member.receive(within: context.patience)
        let (waited, id) = (context.time.uptime - began, held.message.id)
        try context.require(
            again.map(\.message.id) == [id],
            "held for longer than its maxHold of \(longestHold.optionText), it did not come again", about: [id])
        try context.require(
            waited >= longestHold,
            "it came again after \(waited.inMilliseconds), before its maxHold of \(longestHold.optionText)",
            about: [id])
        let attempt = after(peer.broker.capabilities.crashCount, expected)
        for delivery in again {
            try context.require(
                delivery.attempt == attempt, "after a lost hold, attempt was \(delivery.attempt), not \(attempt)",
                about: [id])
            // Stopped first: what is released must not be handed ahead to this consumer, which some brokers count.
            try await member.stop()
            try await member.settled(delivery, .release)
        }
        try await member.cancel()
        return attempt
    }

    /// A process is killed, alone or with its server; false where it was closed because the harness cannot kill.
    private static func dies(_ peer: Peer, withServer: Bool, _ context: ScenarioContext) async throws -> Bool {
        let isServerKilled = withServer && context.canCrash(for: "the attempt after a crash of the server")
        if isServerKilled { try await context.crash() }
        if withServer && !isServerKilled { await peer.close() } else { await peer.kill() }
        if isServerKilled { try await context.restart() }
        return withServer ? isServerKilled : peer.canBeKilled
    }

    private static func after(_ crashCount: BrokerCapabilities.CrashCount, _ attempt: Int32) -> Int32 {
        switch crashCount {
        case .exact, .deliveries: attempt + 1
        case .redeliveredOnly: max(attempt, 2)
        case .none: attempt
        }
    }

    @discardableResult private static func require(
        _ context: ScenarioContext, _ member: Member, _ attempt: Int32, _ what: String, then settlement: Settlement?,
        begins: Bool = false
    ) async throws -> Delivery {
        let delivery = try await member.takeOne()
        try context.require(
            delivery.attempt == attempt, "\(what), attempt was \(delivery.attempt), not \(attempt)",
            about: [delivery.message.id])
        if begins {
            try context.require(
                member.holds(delivery), "holds says false of a delivery just received", about: [delivery.message.id])
        }
        if let settlement { try await member.settled(delivery, settlement) }
        return delivery
    }

    static func retryStaysInItsGroup(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let other = context.group()
        let place = try await context.place(by: peer, delays: .seconds(1)) {
            $0.groups[other] = .init()
        }
        let message = context.message()
        try await peer.publish(message, to: place)
        let member = try await peer.subscribe(place)
        let neighbour = try await peer.subscribe(place.with(group: other))
        let failure = Failure("failed on purpose", at: context.time.now)
        try await member.settled(try await member.takeOne(), .retry(after: .zero, failure: failure))
        try await neighbour.accept(try await neighbour.take(1))
        let again = try await member.takeOne()
        try context.require(
            again.attempt == 2, "the retry came as attempt \(again.attempt), not 2", about: [message.id])
        try await member.accept([again])
        try await neighbour.cancel()
        try await context.nothingComesBack(
            from: place.with(group: other), because: "the retry was another group's, and this one had accepted it")
    }
}
