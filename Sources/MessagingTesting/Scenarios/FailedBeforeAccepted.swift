import Messaging

/// Scenario 6: one delivery fails, those behind it are accepted, and whoever did that is killed.
enum FailedBeforeAccepted {
    static let all: [Scenario] = [
        Scenario(
            6,
            """
            Failing message k and accepting k+1 … k+n, then being killed after `settleLag`, brings back k and none of \
            the others.
            """,
            why: """
                A consumer whose progress is one position either loses the message that failed or handles again, after \
                every crash, everything that came behind it.
                """,
            .queue, .stream, body: comesBackAlone)
    ]

    static func comesBackAlone(_ context: ScenarioContext) async throws {
        let publisher = try await context.peer()
        let failure = Failure("failed on purpose", at: context.time.now)
        try await dies(context, publisher, after: .release)
        let refused = Outgoing(context.message("copy"), to: context.nowhere().destination)
        try await dies(context, publisher, after: .forward([refused]))
        if context.can(.retry) {
            try await dies(context, publisher, after: .retry(after: context.delay(200), failure: failure))
        }
        if context.canCrash(for: "a crash of the server") {
            try await dies(context, publisher, after: .release, withServer: true)
        }
    }

    private static func dies(
        _ context: ScenarioContext, _ publisher: Peer, after settlement: Settlement, withServer: Bool = false
    ) async throws {
        let place = try await context.place(by: publisher, delays: .seconds(1))
        try await publisher.publish(context.messages(10, keys: 1), to: place)
        let doomed = try await context.peer()
        let member = try await doomed.subscribe(place)
        let deliveries = try await member.take(10)
        _ = try await member.settle(deliveries[0], settlement)
        try await member.accept(Array(deliveries.dropFirst()))
        try await context.time.sleep(for: publisher.broker.limits.settleLag + .milliseconds(10))
        if withServer { try await context.crash() }
        await doomed.kill()
        if withServer { try await context.restart() }
        withExtendedLifetime(member) {}
        let failed = deliveries[0].message.id
        let reason = "it was accepted behind one that failed with a \(settlement.word)"
        let survivor = try await context.peer()
        let heir = try await survivor.subscribe(place)
        let back = try await heir.takeOne()
        let id = back.message.id
        try context.require(id == failed, "\(context.names([id])) came from \(place): \(reason)", about: [id, failed])
        try await heir.settled(back, .accept)
        try await context.watch(heir, publishingBy: survivor, because: reason)
        try await heir.cancel()
    }
}
