import Messaging
import MessagingHub

/// What a dead letter says, and what becomes of one that is not taken.
extension AttemptScenarios {
    private static func fullMessage(_ context: ScenarioContext) -> Message {
        var message = context.message("full", key: PayloadScenarios.unusualText, body: Body([0xFF, 0x00, 0x61]))
        message.type = "order.created"
        message.correlationID = "correlation-1"
        message.headers.append("Tenant", .text(PayloadScenarios.unusualText))
        message.headers.append("Tenant", "second")
        return message
    }

    static func deadLetterCarries(_ context: ScenarioContext) async throws {
        let place = context.nowhere()
        let dead = context.deadLetters(of: place)
        let (sent, delay) = (fullMessage(context), context.delay(60))
        let handler = context.handler { _ in throw Fault() }
        let peer = try await context.peer()
        let began = context.time.now
        let letter = try await context.withHub(at: place, route: { $0.retry = policy(2, every: delay) }) { hub in
            try await hub.subscribe(to: place.destination.topic, group: place.group, handler.handle)
            try await hub.publish(sent, to: place.destination.topic)
            return try await peer.subscribe(dead).takeOne().message
        }
        let origin = place.destination
        let expected: [(HeaderName, String)] = [
            (.deadLetterReason, "exhausted"), (.deadLetterOrigin, origin.topic.name),
            (.deadLetterKind, origin.kind.rawValue), (.deadLetterAttempt, "2"),
        ]
        for (name, value) in expected {
            let given = letter.headers[name] ?? "missing"
            try context.require(given == value, "\(name) is \(given), not \(value)", about: [sent.id])
        }
        let error = letter.headers[.deadLetterError] ?? "missing"
        try context.require(
            error.contains("failed on purpose"), "the error is \(error), not failed on purpose", about: [sent.id])
        try requireTimes(context, of: letter, between: began, and: context.time.now, atLeast: delay)
        try requireUnchanged(context, sent, letter)
    }

    /// The first failure and the last are moments of the run, in whole milliseconds, as far apart as the delay.
    private static func requireTimes(
        _ context: ScenarioContext, of letter: Message, between began: Timestamp, and ended: Timestamp,
        atLeast delay: Duration
    ) throws {
        let (first, last) = (letter.headers[.deadLetterFirstFailure], letter.headers[.deadLetterLastFailure])
        guard let first = first.flatMap({ Timestamp($0) }), let last = last.flatMap({ Timestamp($0) }) else {
            throw ScenarioFailure(
                "the first failure is \(first ?? "missing"), the last \(last ?? "missing"): not two moments",
                about: [letter.id])
        }
        let millisecond = Duration.milliseconds(1)
        try context.require(
            began - millisecond <= first && last <= ended,
            "the first failure is \(first), the last \(last), but the run was from \(began) to \(ended)",
            about: [letter.id])
        try context.require(
            first + delay <= last + millisecond,
            "the first failure is \(first), the last \(last), not \(delay.optionText) later", about: [letter.id])
    }

    private static func requireUnchanged(_ context: ScenarioContext, _ sent: Message, _ letter: Message) throws {
        var bare = letter
        bare.headers = Headers(letter.headers.fields.filter { !$0.name.text.hasPrefix("hub-dead-letter") })
        let lost = PayloadScenarios.differences(sent, bare)
        try context.require(
            lost.isEmpty, "the dead letter is not what was sent: \(lost.joined(separator: "; "))",
            about: [sent.id, letter.id])
    }

    static func refusedDeadLetterLosesNothing(_ context: ScenarioContext) async throws {
        if context.can(.bounded, .queue) {
            for whenFull in [DestinationDeclaration.WhenFull.refuse, .wait] { try await full(context, whenFull) }
            try await full(context, .refuse, at: "other")
        }
        guard context.canCrash(for: "a crash between a dead letter and its accept") else { return }
        var generator = SeededGenerator(seed: context.seed)
        for _ in 0..<4 { try await killed(context, after: .microseconds(Int.random(in: 0...6000, using: &generator))) }
    }

    /// The dead-letter destination is full and refuses, or lets the dead letter wait. It may be at another broker, which
    /// is told of the dead letter before the original is accepted.
    private static func full(
        _ context: ScenarioContext, _ whenFull: DestinationDeclaration.WhenFull, at broker: BrokerName = "main"
    ) async throws {
        let (place, message) = (context.nowhere(), context.message())
        let dead = context.nowhere(.queue)
        let peer = try await context.peer()
        let other = try await context.process().broker
        var route = RouteConfiguration(TopicPattern(dead.destination.topic), to: broker, as: .queue)
        route.maximumMessages = 1
        route.whenFull = whenFull
        route.deadLetter = .none
        let handler = context.handler { _ in throw Reject("nobody wants it") }
        let filler = context.message("filler")
        try await context.withHub(
            at: place, grace: .milliseconds(300), routes: ["dead": route],
            beside: broker == "main" ? [:] : [broker: other],
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
        try context.requireExactly(back, [message.id], "the original, whose dead letter broker \(broker) did not take")
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
}
