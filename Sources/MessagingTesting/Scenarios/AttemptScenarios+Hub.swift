import Messaging
import MessagingHub
import MessagingReliability

/// The hub's share of counting runs: limits, dead letters, delays.
extension AttemptScenarios {
    /// What a handler throws that fails on purpose.
    struct Fault: Error, CustomStringConvertible { let description = "failed on purpose" }

    private static func policy(_ attempts: Int, every delay: Duration = .milliseconds(20)) -> RetryPolicy {
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
        guard peer.canBeKilled else { return }
        try await killsItsProcesses(context, place, dead, peer)
    }

    private static func requireDeadLetter(
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
            for _ in 0..<4 { try await member.settled(try await member.takeOne(), .retry(after: .zero, failure: nil)) }
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

    private static func fullMessage(_ context: ScenarioContext) -> Message {
        var message = context.message("full", key: "customer-7", body: Body([0xFF, 0x00, 0x61]))
        message.type = "order.created"
        message.correlationID = "correlation-1"
        message.headers.append("Tenant", "münchen")
        message.headers.append("Tenant", "second")
        return message
    }

    static func deadLetterCarries(_ context: ScenarioContext) async throws {
        let place = context.nowhere()
        let dead = context.deadLetters(of: place)
        let (sent, delay) = (fullMessage(context), context.delay(60))
        let handler = context.handler { _ in throw Fault() }
        let peer = try await context.peer()
        let letter = try await context.withHub(at: place, route: { $0.retry = policy(2, every: delay) }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(sent, to: place.destination.topic)
            return try await peer.subscribe(dead).takeOne().message
        }
        let origin = place.destination
        let expected: [(HeaderName, String)] = [
            (.deadLetterReason, "exhausted"), (.deadLetterOrigin, origin.topic.name),
            (.deadLetterKind, origin.kind.rawValue), (.deadLetterAttempt, "2"), (.deadLetterError, "failed on purpose"),
        ]
        for (name, value) in expected {
            let given = letter.headers[name] ?? "missing"
            try context.require(given.contains(value), "\(name) is \(given), not \(value)", about: [sent.id])
        }
        let (first, last) = (letter.headers[.deadLetterFirstFailure], letter.headers[.deadLetterLastFailure])
        try context.require(
            first.map { $0 < last ?? "" } ?? false,
            "the first failure is \(first ?? "missing"), the last \(last ?? "missing"), \(delay.optionText) later",
            about: [sent.id])
        try context.require(letter.id == sent.id, "the dead letter has another id", about: [sent.id, letter.id])
        try context.require(letter.body == sent.body, "the body of the dead letter differs", about: [sent.id])
        try context.require(
            letter.key == sent.key, "the key of the dead letter is \(letter.key ?? "missing")", about: [sent.id])
        try context.require(
            letter.type == sent.type && letter.correlationID == sent.correlationID,
            "type or correlation id of the dead letter differ", about: [sent.id])
        let headers = letter.headers.fields.filter { !$0.name.text.hasPrefix("hub-dead-letter") }
        try context.require(
            headers == sent.headers.fields, "the headers of the dead letter are \(headers)", about: [sent.id])
    }

    static func refusedDeadLetterLosesNothing(_ context: ScenarioContext) async throws {
        if context.can(.bounded, .queue) {
            for whenFull in [DestinationDeclaration.WhenFull.refuse, .wait] { try await full(context, whenFull) }
        }
        guard context.harness.server != nil else { return }
        var generator = SeededGenerator(seed: context.seed)
        for _ in 0..<4 { try await killed(context, after: .microseconds(Int.random(in: 0...6000, using: &generator))) }
    }

    /// The dead-letter destination is full and refuses, or lets the dead letter wait.
    private static func full(_ context: ScenarioContext, _ whenFull: DestinationDeclaration.WhenFull) async throws {
        let (place, message) = (context.nowhere(), context.message())
        let dead = context.nowhere(.queue)
        let peer = try await context.peer()
        var route = RouteConfiguration(TopicPattern(dead.destination.topic), to: "main", as: .queue)
        route.maximumMessages = 1
        route.whenFull = whenFull
        route.deadLetter = .none
        let handler = context.handler { _ in throw Reject("nobody wants it") }
        let filler = context.message("filler")
        try await context.withHub(
            at: place, grace: .milliseconds(300), routes: ["dead": route],
            route: { route in
                route.deadLetter = .topic(dead.destination.topic)
                route.retry = policy(5)
            }
        ) { hub in
            try await hub.publish(filler, to: dead.destination.topic)
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(message, to: place.destination.topic)
            await handler.waits(for: 1, within: context.patience)
            try await context.time.sleep(for: .milliseconds(100))
        }
        let member = try await peer.subscribe(place)
        let back = try await member.take(1)
        try context.requireExactly(back, [message.id], "the original, whose dead letter was not taken")
        let letters = try await peer.subscribe(dead)
        try context.requireExactly(try await letters.take(1), [filler.id], "what fills the dead-letter destination")
    }

    /// The server is killed while dead letters are written.
    private static func killed(_ context: ScenarioContext, after delay: Duration) async throws {
        let (place, messages) = (context.nowhere(), context.messages(30))
        let dead = context.deadLetters(of: place)
        let handler = context.handler { _ in throw Reject("nobody wants it") }
        try await context.withHub(at: place, grace: .milliseconds(300)) { hub in
            try await hub.publish(messages, to: place.destination.topic)
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            await handler.waits(for: 1, within: context.patience)
            try await context.time.sleep(for: delay)
            try await context.crash()
        }
        try await context.restart()
        let ids = messages.map(\.id)
        let back = try await context.nothingComesBack(from: place, but: ids, because: "nobody published it")
        let letters = try await context.nothingComesBack(from: dead, but: ids, because: "nobody published it")
        let found = Set((back + letters).map(\.message.id))
        let lost = ids.filter { !found.contains($0) }
        try context.require(
            lost.isEmpty, "of \(context.names(lost)) neither the original nor a dead letter is left: lost", about: lost)
    }

    static func delayIsAFloor(_ context: ScenarioContext) async throws {
        try await runsNotTooEarly(context) { $0 }
        try await runsNotTooEarly(context) { EagerRetries($0) }
        let (place, message) = (context.nowhere(), context.message())
        let handler = context.handler()
        let peer = try await context.peer()
        try await context.withHub(at: place) { _ in }
        try await peer.publish(message, to: place)
        let member = try await peer.subscribe(place)
        try await member.settled(try await member.takeOne(), .release)
        try await member.cancel()
        let slow = policy(3, every: .seconds(60))
        try await context.withHub(at: place, route: { $0.retry = slow }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            let isRun = await handler.waits(for: 1, within: min(context.patience, .seconds(30)))
            try context.require(isRun, "what was released waited for the delay of a failed run", about: [message.id])
        }
    }

    private static func runsNotTooEarly(
        _ context: ScenarioContext, over decorated: (any MessageBroker) -> any MessageBroker
    ) async throws {
        let (place, message, delay) = (context.nowhere(), context.message(), context.delay(150))
        _ = context.deadLetters(of: place)
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
