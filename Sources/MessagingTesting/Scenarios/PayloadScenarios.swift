import Messaging

/// What arrives is what was sent.
enum PayloadScenarios {
    static let all: [Scenario] = [
        Scenario(
            61, "Bodies of 0 bytes, 1 byte, 64 KiB, 1 MiB and non-UTF-8 arrive byte for byte.",
            why: "Files, compressed and encrypted bodies would be damaged on their way.",
            .queue, .stream, .pubSub, body: bodiesArrive),
        Scenario(
            65,
            """
            Every field of the message survives: id, type, key, timestamp, priority, expiration, correlation id, \
            reply-to, content type, content encoding, delivery mode.
            """,
            why: "A receiver could not answer, trace or order a message, because what it goes by was left behind.",
            .queue, .stream, .pubSub, body: fieldsSurvive),
        Scenario(
            66, "A null body is not an empty body, both ways.",
            why: "A deletion in a compacted log could not be told from a value that is empty.",
            .stream, needs: [.operation(.nullBody)],
            body: nullIsNotEmpty),
    ]

    static func nullIsNotEmpty(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        for (name, body) in [("null", Body.null), ("empty", Body.empty), ("null", Body.null)] {
            let message = context.message(body: body)
            try await peer.publish(message, to: place)
            let delivery = try await member.takeOne()
            let arrived = delivery.message.body
            try context.require(arrived.count == 0, "a body that is \(name) arrived with bytes", about: [message.id])
            try context.require(
                arrived.isNull == body.isNull, "a body that is \(name) arrived as \(arrived.isNull ? "null" : "empty")",
                about: [message.id])
            try await member.accept([delivery])
        }
    }

    /// 1 MiB in which every byte has every other behind it.
    private static let everyByte: [UInt8] = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }

    /// So many bytes of that, again and again.
    static func everyByte(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 1)
        while bytes.count < count { bytes += everyByte.prefix(count - bytes.count) }
        return bytes
    }

    static func bodiesArrive(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        let bodies: [(String, [UInt8])] = [
            ("0 bytes", []), ("1 byte", [0]), ("64 KiB", Array(everyByte.prefix(64 << 10))), ("1 MiB", everyByte),
            ("non-UTF-8", [0xFF, 0xFE, 0x00, 0xC3, 0x28, 0x0D, 0x0A]),
        ]
        for (name, bytes) in bodies {
            let message = context.message(name, body: Body(bytes))
            let outcomes = try await peer.outcomes(ofOne: message, to: place)
            if bytes.count > peer.broker.limits.maximumBodyBytes {
                try context.requireRefused(outcomes[0], .tooLarge, message, "a body of \(name)")
                continue
            }
            try context.require(outcomes.isEmpty, "a body of \(name) was answered \(outcomes)", about: [message.id])
            let delivery = try await member.takeOne()
            try context.require(
                delivery.message.id == message.id, "another message came than the one that was sent",
                about: [message.id])
            let body = delivery.message.body
            try context.require(!body.isNull, "a body of \(name) arrived as null", about: [message.id])
            try context.require(
                body.array == bytes, "a body of \(name) arrived as \(body.count) other bytes", about: [message.id])
            try await member.accept([delivery])
        }
    }

    /// One letter composed, one not: whoever brings text into a normal form changes its bytes.
    static let unusualText = "gr\u{F6}ße-mu\u{308}nchen"

    /// A message in which every field is set.
    private static func fullMessage(_ context: ScenarioContext) -> Message {
        var full = context.message("full", key: unusualText, body: Body("{\"größe\":1}"))
        full.type = "order.created"
        full.timestamp = Timestamp(milliseconds: context.time.now.milliseconds - 12_345)
        full.priority = 7
        if context.can(.expiration) {
            full.expiration = Timestamp(milliseconds: context.time.now.milliseconds + 3_600_000)
        }
        full.correlationID = "correlation-1"
        full.replyTo = "reply.here"
        full.contentType = .json
        full.contentEncoding = "identity"
        full.headers.append("Tenant", .text(unusualText))
        full.headers.append("Tenant", "second")
        return full
    }

    static func fieldsSurvive(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let isPrioritised = context.can(.priority)
        let place = try await context.place(by: peer) { if isPrioritised { $0.maximumPriority = 10 } }
        let member = try await peer.subscribe(place)
        let full = fullMessage(context)
        var plain = full
        plain.id = context.message("without priority").id
        plain.priority = 0
        var other = plain
        other.id = context.message("other").id
        other.contentType = "application/x-unheard-of; version=3"
        other.deliveryMode = .transient
        var bare = context.message("bare")
        bare.timestamp = full.timestamp
        var bareAgain = bare
        bareAgain.id = context.message("bare again").id
        for sent in [full, bare, plain, other, bareAgain] {
            let outcomes = try await peer.outcomes(ofOne: sent, to: place)
            if sent.priority > 0, !isPrioritised, case .refused = outcomes[0] { continue }
            if let refusal = peer.broker.limits.refusal(of: sent, at: context.time.now) {
                try context.requireRefused(outcomes[0], refusal.code, sent, "a message beyond the broker's limits")
                continue
            }
            try context.require(outcomes.isEmpty, "it was answered \(outcomes)", about: [sent.id])
            let delivery = try await member.takeOne()
            let lost = differences(sent, delivery.message)
            try context.require(
                lost.isEmpty, "not what was sent: \(lost.joined(separator: "; "))", about: [sent.id])
            try context.require(
                delivery.attempt == 1, "the first run was attempt \(delivery.attempt)", about: [sent.id])
            try await member.accept([delivery])
        }
    }

    /// What came otherwise than it was sent, text compared by its bytes.
    static func differences(_ sent: Message, _ came: Message) -> [String] {
        let fields: [(String, String, String)] = [
            ("id", "\(sent.id)", "\(came.id)"), ("type", sent.type, came.type),
            ("key", sent.key.said, came.key.said), ("headers", "\(sent.headers.fields)", "\(came.headers.fields)"),
            ("timestamp", "\(sent.timestamp)", "\(came.timestamp)"),
            ("priority", "\(sent.priority)", "\(came.priority)"),
            ("notBefore", (sent.notBefore?.description).said, (came.notBefore?.description).said),
            ("expiration", (sent.expiration?.description).said, (came.expiration?.description).said),
            ("correlation id", sent.correlationID.said, came.correlationID.said),
            ("reply-to", sent.replyTo.said, came.replyTo.said),
            ("content type", sent.contentType.name, came.contentType.name),
            ("content encoding", sent.contentEncoding.said, came.contentEncoding.said),
            ("delivery mode", "\(sent.deliveryMode)", "\(came.deliveryMode)"),
            ("body", "\(sent.body)", "\(came.body)"),
        ]
        var lost = fields.filter { !$0.1.utf8.elementsEqual($0.2.utf8) }.map { name, sent, came in
            "\(name) \(sent) came \(sent == came ? "in other bytes" : "as \(came)")"
        }
        if sent.body != came.body { lost.append("the body's bytes differ") }
        return lost
    }
}

extension String? {
    /// The text, or a word for its absence.
    fileprivate var said: String { self ?? "nothing" }
}
