import Messaging

/// What a publish answers.
enum PublishingScenarios {
    static let all: [Scenario] = [
        Scenario(
            29,
            """
            A publish of many answers for each message: `confirmed` (it is delivered), `refused` (it never is, here is \
            why), `unknown` (it may be); `unknown` only when the connection went, the time was up or the caller was \
            cancelled after sending.
            """,
            why: "A caller could not tell what to send again, and would lose messages or send them twice.",
            .queue, .stream, body: everyMessageIsAnswered),
        Scenario(
            30,
            """
            An oversized or illegal message within 500 fails alone, for good; its neighbours are confirmed once (on an \
            ordered destination those of its key aside, see 33).
            """,
            why: "One bad message would hold up or lose the good ones that were sent with it.",
            .queue, .stream, body: oneOfFiveHundredFailsAlone),
        Scenario(
            31,
            """
            A publish to a destination that does not exist is refused as `noSuchDestination` and does not end the \
            publishing of neighbours; neither publish nor subscribe makes anything durable.
            """,
            why:
                "A misspelt name would swallow messages without a word, or fill the broker with queues that nobody reads.",
            .queue, .stream, body: nothingIsMadeSilently),
        Scenario(
            32, "A thousand tasks that publish one message each at the same time all get their own answer.",
            why: "Under load a task would believe the answer to another one's message.",
            .queue, .stream, .pubSub, body: aThousandTasks),
        Scenario(
            33,
            """
            Messages of one publisher and one key arrive in the order of publishing; where the declaration asks for \
            order, a refused message refuses the later ones of its key in the same call.
            """,
            why: "An account would be closed before it was opened.",
            .queue, .stream, body: orderOfPublishing),
        Scenario(
            37, "A full destination makes publish wait or fail as asked; nothing is dropped to make room.",
            why: "A consumer that is too slow would cost messages, and nobody would be told.",
            .queue, .stream, needs: [.operation(.bounded)], body: FullDestination.waitsOrFails),
    ]

    /// A message that is one byte too large.
    static func oversized(_ context: ScenarioContext, key: String? = nil) -> Message {
        context.message("oversized", key: key, body: oversizedBody(context))
    }

    private static func oversizedBody(_ context: ScenarioContext) -> Body {
        Body([UInt8](repeating: 0x61, count: (context.peerLimits?.maximumBodyBytes ?? 1 << 20) + 1))
    }

    /// A message of a priority that there is not.
    static func illegal(_ context: ScenarioContext) -> Message {
        var message = context.message("illegal")
        message.priority = 11
        return message
    }

    static func everyMessageIsAnswered(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        var messages = context.messages(6)
        messages[1] = oversized(context)
        messages[3] = illegal(context)
        let outcomes = try await peer.outcomes(of: messages, to: place)
        try context.requireRefused(outcomes[1], .tooLarge, messages[1], "an oversized message")
        try context.requireRefused(outcomes[3], .invalidArgument, messages[3], "a message of priority 11")
        try context.require(outcomes.count == 2, "\(outcomes.count) of 6 were not confirmed, not 2")
        var certain = [0, 2, 4, 5].map { messages[$0].id }
        var possible: [MessageID] = []
        func sort(_ messages: [Message], _ outcomes: [Int: PublishFailure.Outcome]) {
            for (index, message) in messages.enumerated() {
                switch outcomes[index] {
                case nil: certain.append(message.id)
                case .unknown: possible.append(message.id)
                case .refused: break
                }
            }
        }
        let more = context.messages(20)
        let publishing = context.meanwhile("a cancelled publish") { try await peer.outcomes(of: more, to: place) }
        publishing.cancel()
        sort(more, try await publishing.value())
        if context.canCrash(for: "a publish to a server that is down") {
            let lost = context.messages(5)
            sort(lost, try await outcomesWhileDown(context, lost, peer, place))
        }
        let seen = try await context.nothingComesBack(
            from: place, but: certain + possible, because: "its publish was refused")
        let here = Set(seen.map(\.message.id))
        try context.requireExactly(seen, certain + possible.filter(here.contains), "what was confirmed")
    }

    private static func outcomesWhileDown(
        _ context: ScenarioContext, _ messages: [Message], _ peer: Peer, _ place: Place
    ) async throws -> [Int: PublishFailure.Outcome] {
        try await context.crash()
        let options = PublishOptions(deadline: .milliseconds(200))
        let outcomes = try await peer.outcomes(of: messages, to: place, options: options)
        try await context.restart()
        try context.require(
            outcomes.count == messages.count,
            "\(messages.count) messages to a server that is down were not all refused or unknown",
            about: messages.map(\.id))
        return outcomes
    }

    static func oneOfFiveHundredFailsAlone(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        for (bad, code) in [(oversized(context), BrokerError.Code.tooLarge), (illegal(context), .invalidArgument)] {
            let place = try await context.place(by: peer)
            var messages = context.messages(500)
            messages[250] = bad
            let outcomes = try await peer.outcomes(of: messages, to: place)
            try context.requireRefused(outcomes[250], code, bad, "\(context.names([bad.id])) within 500")
            try context.require(
                outcomes.count == 1, "\(outcomes.count) of 500 messages were not confirmed, though one was bad")
            try context.require(
                !code.isRetryable, "the refusal of \(context.names([bad.id])) says that it can be retried")
            messages.remove(at: 250)
            let member = try await peer.subscribe(place, window: 500)
            let deliveries = try await member.take(499)
            try context.requireExactly(deliveries, messages.map(\.id), "the neighbours of a bad message")
            try await member.accept(deliveries)
            try await context.watch(member, publishingBy: peer, because: "499 were confirmed, once each")
        }
    }

    static func nothingIsMadeSilently(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let (nowhere, place) = (context.nowhere(), try await context.place(by: peer))
        for round in 0..<3 {
            let (lost, kept) = (context.message("to-nowhere-\(round)"), context.message("kept-\(round)"))
            let neighbour = context.meanwhile("a neighbour's publish") { try await peer.publish(kept, to: place) }
            let outcomes = try await peer.outcomes(of: [lost], to: nowhere)
            try context.requireRefused(outcomes[0], .noSuchDestination, lost, "a publish to nowhere")
            _ = try await neighbour.value()
        }
        let member = try await peer.subscribe(place)
        try await member.accept(try await member.take(3))
        try await requireNoSuchPlace(context, peer, nowhere)
        if context.kind == .stream {
            let group = place.with(group: context.group())
            for _ in 0..<2 { try await requireNoSuchPlace(context, peer, group) }
        }
        let outcomes = try await peer.outcomes(of: [context.message()], to: nowhere)
        try context.require(outcomes.count == 1, "after a refused subscribe, \(nowhere) exists")
        try await context.declare(nowhere, by: peer)
        try await context.nothingComesBack(from: nowhere, because: "its publish was refused before the declaration")
        try await requireGone(context, peer)
    }

    /// What was deleted is nowhere, also to a process that has published to it before.
    private static func requireGone(_ context: ScenarioContext, _ peer: Peer) async throws {
        guard let topology = try await context.peer().broker.topology else { return }
        let place = try await context.place(by: peer)
        for message in context.messages(2) { try await peer.publish(message, to: place) }
        try await topology.delete(place.destination)
        let message = context.message("to-what-is-gone")
        let outcomes = try await peer.outcomes(ofOne: message, to: place)
        try context.requireRefused(outcomes[0], .noSuchDestination, message, "a publish to what was deleted")
    }

    private static func requireNoSuchPlace(_ context: ScenarioContext, _ peer: Peer, _ place: Place) async throws {
        do {
            _ = try await peer.subscribe(place)
            throw ScenarioFailure("subscribe to \(place), which nobody declared, succeeded")
        } catch let error as BrokerError {
            try context.require(
                error.code == .noSuchDestination,
                "subscribe to \(place), which nobody declared, threw \(error), not noSuchDestination")
        }
    }

    static func aThousandTasks(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place, window: 1024)
        let tooLarge = oversizedBody(context)
        let messages = (0..<1000).map { context.message("task \($0)", body: $0 % 10 == 3 ? tooLarge : nil) }
        let taking = context.meanwhile("receiving 900", within: context.patience * 8) { try await member.take(900) }
        let confirmed = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
            for (index, message) in messages.enumerated() {
                group.addTask {
                    let outcomes = try await peer.outcomes(ofOne: message, to: place)
                    if let outcome = outcomes[0], outcome.error.code != .tooLarge { throw outcome.error }
                    return (index, outcomes.isEmpty)
                }
            }
            return try await group.reduce(into: Set<Int>()) { set, answer in if answer.1 { set.insert(answer.0) } }
        }
        for (index, message) in messages.enumerated() {
            let right = confirmed.contains(index) == (index % 10 != 3)
            try context.require(right, "task \(index) got the answer of another", about: [message.id])
        }
        let deliveries = try await taking.value()
        try context.requireExactly(deliveries, confirmed.map { messages[$0].id }, "what a thousand tasks published")
    }

    static func orderOfPublishing(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        try await publishesInOrder(context, peer, .none)
        guard context.can(.order) else { return }
        try await publishesInOrder(context, peer, .perKey)
        let place = try await context.place(by: peer) { $0.order = .perKey }
        let messages = [
            context.message("a1", key: "a"), oversized(context, key: "a"), context.message("b1", key: "b"),
            context.message("a2", key: "a"), context.message("b2", key: "b"),
        ]
        let outcomes = try await peer.outcomes(of: messages, to: place)
        try context.requireRefused(outcomes[1], .tooLarge, messages[1], "an oversized message")
        try context.requireRefused(outcomes[3], .orderKept, messages[3], "a later message of a refused one's key")
        try context.require(outcomes.count == 2, "\(outcomes.count) messages were not confirmed, not 2")
        let member = try await peer.subscribe(place)
        let deliveries = try await member.take(3)
        try context.requireExactly(deliveries, [0, 2, 4].map { messages[$0].id }, "what was not refused")
    }

    private static func publishesInOrder(
        _ context: ScenarioContext, _ peer: Peer, _ order: DestinationDeclaration.Order
    ) async throws {
        let place = try await context.place(by: peer) { $0.order = order }
        let messages = context.messages(200, keys: 4)
        for start in stride(from: 0, to: 200, by: 20) {
            if start % 40 == 0 {
                try await peer.publish(Array(messages[start..<start + 20]), to: place)
            } else {
                for message in messages[start..<start + 20] { try await peer.publish(message, to: place) }
            }
        }
        let member = try await peer.subscribe(place, window: 32)
        var received: [Delivery] = []
        while received.count < 200 {
            let some = try await member.take(10)
            received += some
            try await member.accept(some)
        }
        try context.requireExactly(received, messages.map(\.id), "what was published in order")
        for key in Set(messages.compactMap(\.key)) {
            let sent = messages.filter { $0.key == key }.map(\.id)
            let came = received.filter { $0.message.key == key }.map(\.message.id)
            let wrong = zip(sent, came).first { $0 != $1 }.map { [$0, $1] } ?? []
            try context.require(sent == came, "messages of \(key) came in another order than published", about: wrong)
        }
    }
}
