import Messaging
import MessagingHub
import MessagingReliability

/// The hub's share of counting runs: limits and delays.
extension AttemptScenarios {
    /// What a handler throws that fails on purpose.
    struct Fault: Error, CustomStringConvertible { let description = "failed on purpose" }

    static func policy(_ attempts: Int, every delay: Duration = .milliseconds(20)) -> RetryPolicy {
        RetryPolicy(attempts: attempts, backoff: .constant, delay: delay)
    }

    static func runsExactlyToItsLimit(_ context: ScenarioContext) async throws {
        let (place, message) = (context.nowhere(), context.message())
        let dead = context.deadLetters(of: place)
        let handler = context.handler { _ in throw Fault() }
        let peer = try await context.peer()
        try await context.withHub(at: place, route: { $0.retry = policy(3) }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            try await requireDeadLetter(context, peer, dead, message, "exhausted")
        }
        let attempts = handler.handled.map(\.attempt)
        try context.require(
            attempts == [1, 2, 3], "with a limit of 3 the handler ran as attempts \(attempts)", about: [message.id])
        try await context.nothingComesBack(from: place, because: "it was dead-lettered")
        try await aboveTheLimitRunsOnce(context, place, dead, peer)
        guard [.exact, .deliveries].contains(peer.broker.capabilities.crashCount) else { return }
        guard peer.canBeKilled else {
            return context.notMeasured("a message that kills its processes", without: .kill)
        }
        try await killsItsProcesses(context, place, dead, peer)
    }

    static func requireDeadLetter(
        _ context: ScenarioContext, _ peer: Peer, _ dead: Place, _ message: Message, _ reason: String
    ) async throws {
        let member = try await peer.subscribe(dead)
        let letter = try await member.takeOne()
        try context.requireExactly([letter], [message.id], "the dead letter")
        let given = letter.message.headers[.deadLetterReason] ?? "missing"
        try context.require(
            given == reason, "the reason of the dead letter is \(given), not \(reason)", about: [message.id])
        try await member.accept([letter])
        try await context.watch(member, publishingBy: peer, because: "it was dead-lettered once")
        try await member.cancel()
    }

    /// A message that arrives above its limit gets one more run, and only then is exhausted.
    private static func aboveTheLimitRunsOnce(
        _ context: ScenarioContext, _ place: Place, _ dead: Place, _ peer: Peer
    ) async throws {
        for succeeds in [true, false] {
            let message = context.message()
            try await peer.publish(message, to: place)
            let member = try await peer.subscribe(place)
            for run in 1...4 {
                let delivery = try await member.takeOne()
                // Stopped first: the last copy must not be handed ahead to this consumer, which some brokers count.
                if run == 4 { try await member.stop() }
                try await member.settled(delivery, .retry(after: .zero, failure: nil))
            }
            try await member.cancel()
            let handler = context.handler { _ in if !succeeds { throw Fault() } }
            try await context.withHub(at: place, route: { $0.retry = policy(3) }) { hub in
                try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
                if succeeds {
                    await handler.waits(for: 1, within: context.patience)
                } else {
                    try await requireDeadLetter(context, peer, dead, message, "exhausted")
                }
            }
            try context.require(
                handler.handled.map(\.attempt) == [5],
                "a message that came above its limit ran as attempts \(handler.handled.map(\.attempt)), not once as 5",
                about: [message.id])
            try await context.nothingComesBack(from: place, because: "it was handled or dead-lettered")
            try await context.nothingComesBack(from: dead, because: "it was handled, or its dead letter accepted")
        }
    }

    /// A message that 19 processes have died of is dead-lettered unseen; one of 17 is run.
    private static func killsItsProcesses(
        _ context: ScenarioContext, _ place: Place, _ dead: Place, _ peer: Peer
    ) async throws {
        for (deaths, isRun) in [(17, true), (19, false)] {
            let message = context.message()
            try await peer.publish(message, to: place)
            for _ in 0..<deaths {
                let doomed = try await context.peer()
                let member = try await doomed.subscribe(place)
                let delivery = try await member.takeOne()
                _ = member.holds(delivery)
                await doomed.kill()
                withExtendedLifetime(member) {}
            }
            let handler = context.handler()
            try await context.withHub(at: place, route: { $0.retry = policy(3) }) { hub in
                try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
                if isRun {
                    await handler.waits(for: 1, within: context.patience)
                } else {
                    try await requireDeadLetter(context, peer, dead, message, "crashed")
                }
            }
            let runs = handler.handled.count
            try context.require(
                runs == (isRun ? 1 : 0), "with a limit of 3, after \(deaths) deaths it ran \(runs) times",
                about: [message.id])
            try await context.nothingComesBack(from: place, because: "it was handled or dead-lettered")
        }
    }

    static func delayIsAFloor(_ context: ScenarioContext) async throws {
        try await runsNotTooEarly(context) { $0 }
        try await runsNotTooEarly(context) { EagerRetries($0) }
        try await runsAtOnce(context, "what was released") { peer, member in
            try await member.settled(try await member.takeOne(), .release)
            try await member.cancel()
        }
        try await runsAtOnce(context, "what a dead process held") { peer, member in
            let delivery = try await member.takeOne()
            _ = member.holds(delivery)
            await peer.kill()
        }
    }

    /// A process gives a message up without a failed run; a hub whose policy has a long delay runs it before that.
    private static func runsAtOnce(
        _ context: ScenarioContext, _ what: String, _ giveUp: (Peer, Member) async throws -> Void
    ) async throws {
        let (place, message) = (context.nowhere(), context.message())
        let handler = context.handler()
        let peer = try await context.peer()
        try await context.withHub(at: place) { _ in }
        try await peer.publish(message, to: place)
        let member = try await peer.subscribe(place)
        try await giveUp(peer, member)
        let slow = policy(3, every: .seconds(60))
        try await context.withHub(at: place, route: { $0.retry = slow }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            let isRun = await handler.waits(for: 1, within: min(context.patience, .seconds(30)))
            try context.require(isRun, "\(what) waited for the delay of a failed run", about: [message.id])
        }
        withExtendedLifetime(member) {}
    }

    private static func runsNotTooEarly(
        _ context: ScenarioContext, over decorated: (any MessageBroker) -> any MessageBroker
    ) async throws {
        let (place, message, delay) = (context.nowhere(), context.message(), context.delay(150))
        let handler = context.handler { run in if run.attempt < 3 { throw Fault() } }
        try await context.withHub(at: place, over: decorated, route: { $0.retry = policy(3, every: delay) }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            let isDone = await handler.waits(for: 3, within: context.patience)
            try context.require(isDone, "the handler ran \(handler.handled.count) times, not 3", about: [message.id])
        }
        let times = handler.handled.map(\.time)
        for (earlier, later) in zip(times, times.dropFirst()) where later - earlier < delay {
            let gap = (later - earlier).inMilliseconds
            throw ScenarioFailure(
                "after a failed run the next came after \(gap), not \(delay.optionText)", about: [message.id])
        }
    }
}
