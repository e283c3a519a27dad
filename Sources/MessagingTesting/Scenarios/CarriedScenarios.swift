import Messaging

/// What a broker carries as it is, and what it refuses.
enum CarriedScenarios {
    static let all: [Scenario] = [
        Scenario(
            26, "A message whose expiration is in the past fails its publish.",
            why: "A publisher whose clock is wrong would take for delivered what is thrown away.",
            .queue, .stream, .pubSub, needs: [.operation(.expiration)], body: expiredFails),
        Scenario(
            27, "Timestamps set by the publisher arrive to the millisecond.",
            why: "Whoever orders events by their time, or bills by it, would order and bill wrongly.",
            .queue, .stream, .pubSub, body: timestampsArrive),
        Scenario(
            62,
            """
            A body of exactly the limit arrives; one byte more is refused, the sentence names the limit, and the \
            connection lives on.
            """,
            why: "One large message would end the connection under every other publisher, with an error about nothing.",
            .queue, .stream, .pubSub, body: bodiesUpToTheLimit),
        Scenario(
            67,
            """
            An option set on one message is gone on the next; an option out of range fails that message and no other.
            """,
            why: "A priority or an expiration would stick to messages that never asked for it, and these would vanish.",
            .queue, .stream, .pubSub, body: SeveralOptions.stayWithTheirMessage),
        Scenario(
            68,
            """
            Messages of a foreign client, without any of our headers, are delivered with attempt 1 and what the broker \
            knows.
            """,
            why: "The hub could not be put between programs that are there already and know nothing of it.",
            .queue, .stream, .pubSub, needs: [.foreignClient], body: foreignMessages),
    ]

    static func expiredFails(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        for age in [Duration.milliseconds(1), .seconds(3600), .seconds(50 * 365 * 86_400)] {
            var messages = context.messages(3)
            messages[1].expiration = context.time.now - age
            let outcomes = try await peer.outcomes(of: messages, to: place)
            let what = "a message that expired \(age.optionText) ago"
            try context.requireRefused(outcomes[1], .expired, messages[1], what)
            try context.require(outcomes.count == 1, "\(outcomes.count) of 3 messages were not confirmed, not 1")
            var alone = context.message()
            alone.expiration = messages[1].expiration
            try context.requireRefused(try await peer.outcomes(ofOne: alone, to: place)[0], .expired, alone, what)
            let deliveries = try await member.take(2)
            try context.requireExactly(deliveries, [messages[0].id, messages[2].id], "the neighbours of \(what)")
            try await member.accept(deliveries)
        }
        try await context.watch(member, publishingBy: peer, because: "it had expired when it was published")
    }

    static func timestampsArrive(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        let now = context.time.now.milliseconds
        let moments = [now, now + 111, now + 222, 1, 999, 1_000_000_000_001, 1_700_000_000_999, 4_102_444_800_007]
        let messages = moments.map { moment in
            var message = context.message()
            message.timestamp = Timestamp(milliseconds: moment)
            return message
        }
        try await peer.publish(messages, to: place)
        let deliveries = try await member.take(messages.count)
        try context.requireExactly(deliveries, messages.map(\.id), "messages with timestamps of their own")
        for message in messages {
            for delivery in deliveries where delivery.message.id == message.id {
                let (sent, came) = (message.timestamp, delivery.message.timestamp)
                try context.require(
                    came.milliseconds == sent.milliseconds, "a timestamp of \(sent) arrived as \(came)",
                    about: [message.id])
            }
        }
        try await member.accept(deliveries)
    }

    static func bodiesUpToTheLimit(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        let limit = peer.broker.limits.maximumBodyBytes
        let bytes = PayloadScenarios.everyByte(limit)
        for round in 1...2 {
            let full = context.message("of the limit", body: Body(bytes))
            let outcomes = try await peer.outcomes(ofOne: full, to: place)
            try context.require(
                outcomes.isEmpty, "a body of \(limit) bytes, the limit, was answered \(outcomes)", about: [full.id])
            let delivery = try await member.takeOne()
            try context.require(
                delivery.message.id == full.id && delivery.message.body.array == bytes,
                "a body of \(limit) bytes, the limit, arrived as \(delivery.message.body.count) other bytes",
                about: [full.id])
            try await member.accept([delivery])
            let over = context.message("over the limit", body: Body(bytes + [0]))
            let refused = try await peer.outcomes(ofOne: over, to: place)
            try context.requireRefused(refused[0], .tooLarge, over, "a body one byte over the limit")
            let sentence = refused[0]?.error.sentence ?? ""
            try context.require(
                sentence.contains("\(limit)"),
                "the refusal of a body over the limit does not name the limit of \(limit): \(sentence)",
                about: [over.id])
            let next = context.message("after it")
            let answers = try await peer.outcomes(of: [next], to: place)
            try context.require(
                answers.isEmpty, "after a body over the limit the next message was answered \(answers)",
                about: [next.id])
            let after = try await member.takeOne()
            try context.requireExactly([after], [next.id], "round \(round), after a body over the limit")
            try await member.accept([after])
        }
        let state = await peer.broker.health().state
        try context.require(state == .connected, "after a body over the limit the broker is \(state.rawValue)")
        try await context.watch(member, publishingBy: peer, because: "its body was over the limit")
    }

    static func foreignMessages(_ context: ScenarioContext) async throws {
        guard let publish = context.harness.surroundings.publishForeign else { return }
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        context.history.leaves(place.destination, because: "a foreign client publishes to it")
        let member = try await peer.subscribe(place)
        let headers: Headers = peer.broker.limits.maximumHeaders > 1 ? ["Origin": "elsewhere", "trace": "7"] : [:]
        let size = peer.broker.limits.maximumBodyBytes
        for bytes in [Array("{\"a\":1}".utf8), [0xFF, 0x00, 0xFE, 0x0A], []].map({ Array($0.prefix(size)) }) {
            let (body, destination) = (Body(bytes), place.destination)
            try await context.time.bounded("publishing with a foreign client", within: context.patience) {
                try await publish(body, headers, destination)
            }
            var delivery = try await member.takeOne()
            try requireForeign(context, delivery, body, headers, attempt: 1)
            if context.can(.retry) {
                try await member.settled(delivery, .retry(after: .zero, failure: nil))
                delivery = try await member.takeOne()
                try requireForeign(context, delivery, body, headers, attempt: 2)
            }
            try await member.settled(delivery, .accept)
        }
        try await context.watch(member, publishingBy: peer, because: "a foreign client's messages were accepted")
    }

    private static func requireForeign(
        _ context: ScenarioContext, _ delivery: Delivery, _ body: Body, _ headers: Headers, attempt: Int32
    ) throws {
        let (message, id) = (delivery.message, delivery.message.id)
        try context.require(
            delivery.attempt == attempt,
            "a foreign client's message came as attempt \(delivery.attempt), not \(attempt)", about: [id])
        try context.require(
            message.body.array == body.array, "a foreign client's body of \(body.count) bytes came otherwise",
            about: [id])
        for field in headers.fields {
            let values = message.headers.values(of: field.name)
            try context.require(
                values == [field.value], "a foreign client's header \(field.name) came as \(values)", about: [id])
        }
        let ours = message.headers.fields.first { $0.name.text.hasPrefix("hub-") }
        try context.require(
            ours == nil, "a foreign client's message came with a header of ours, \(ours?.name.text ?? "")", about: [id])
        try context.require(
            message.priority == 0 && message.expiration == nil && message.notBefore == nil,
            "a foreign client's message came with options that nobody set", about: [id])
    }
}
