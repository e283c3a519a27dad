import Messaging

/// What headers carry.
enum HeaderScenarios {
    static let all: [Scenario] = [
        Scenario(
            63,
            """
            64 headers with non-ASCII values, empty values, repeated names and 8 KiB values arrive; the values of one \
            name in their order.
            """,
            why: "A trace, a tenant or a signature in a header would arrive cut, swapped or not at all.",
            .queue, .stream, .pubSub, body: headersArrive),
        Scenario(
            64,
            """
            A header that the broker cannot carry (NUL, CR LF, invalid UTF-8, name too long) fails the publish and the \
            message never arrives.
            """,
            why: "A header would arrive changed, or, on a broker of lines, as a header that somebody else has written.",
            .queue, .stream, .pubSub, body: whatCannotBeCarried),
    ]

    /// 64 headers: 16 beyond ASCII, 16 empty, 16 of one name, 8 of 8 KiB, and 8 names in capitals.
    static func manyHeaders() -> Headers {
        var headers = Headers()
        for number in 0..<16 {
            let kilobytes = number < 8 ? 8 << 10 : 0
            headers.append(HeaderName("text-\(number)"), .text("\(PayloadScenarios.unusualText)-\u{1F9FA}-\(number)"))
            headers.append(HeaderName("empty-\(number)"), "")
            headers.append("step", .text("\(number * 7 % 16)"))
            headers.append(
                HeaderName(kilobytes > 0 ? "long-\(number)" : "X-Capital-\(number)"),
                .text(String(repeating: "v", count: kilobytes) + "\(number)"))
        }
        return headers
    }

    static func headersArrive(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        var message = context.message("with 64 headers")
        message.headers = manyHeaders()
        let outcomes = try await peer.outcomes(ofOne: message, to: place)
        if let refusal = peer.broker.limits.refusal(of: message, at: context.time.now) {
            try context.requireRefused(outcomes[0], refusal.code, message, "64 headers beyond the broker's limits")
            context.remark("64 headers of up to 8 KiB are refused: \(refusal.sentence)")
            message.headers = Headers(Array(message.headers.fields.prefix(peer.broker.limits.maximumHeaders)))
            if peer.broker.limits.refusal(of: message, at: context.time.now) != nil { message.headers = Headers() }
            message.id = context.message("with fewer headers").id
            try await peer.publish(message, to: place)
        } else {
            try context.require(outcomes.isEmpty, "64 headers were answered \(outcomes)", about: [message.id])
        }
        let delivery = try await member.takeOne()
        try context.requireExactly([delivery], [message.id], "a message with many headers")
        try requireSame(context, message.headers, delivery)
        try await member.accept([delivery])
    }

    /// The same values for each name, in their order; nothing beside them.
    private static func requireSame(_ context: ScenarioContext, _ sent: Headers, _ delivery: Delivery) throws {
        let (came, id) = (delivery.message.headers, delivery.message.id)
        for field in sent.fields {
            let (wanted, values) = (sent.values(of: field.name), came.values(of: field.name))
            try context.require(
                values == wanted,
                "header \(field.name) came as \(said(values)), not as \(said(wanted))", about: [id])
            let isSpelt = came.fields.contains { $0.name.text.utf8.elementsEqual(field.name.text.utf8) }
            try context.require(isSpelt, "the name of header \(field.name) came in another spelling", about: [id])
        }
        try context.require(
            came.count == sent.count, "of \(sent.count) headers \(came.count) came", about: [id])
    }

    /// Values as they can be read: long ones by their size.
    private static func said(_ values: [HeaderValue]) -> String {
        if values.isEmpty { return "nothing" }
        return values.map { $0.byteCount > 64 ? "\($0.byteCount) bytes" : "\"\($0)\"" }.joined(separator: ", ")
    }

    /// Headers that some brokers cannot carry, with what is odd about each.
    private static func oddHeaders(_ limits: BrokerLimits) -> [(String, Headers.Field)] {
        let longValue = String(repeating: "v", count: limits.maximumHeaderValueBytes + 1)
        let longName = HeaderName(String(repeating: "n", count: limits.maximumHeaderNameBytes + 1))
        return [
            ("a value with a NUL", .init("odd", .text("a\0b"))),
            ("a value with CR LF", .init("odd", .text("a\r\nInjected: b"))),
            ("a value that is not UTF-8", .init("odd", .bytes([0x61, 0xFF, 0xFE, 0xC3, 0x28]))),
            ("a value that is too long", .init("odd", .text(longValue))),
            ("a name that is too long", .init(longName, "a")),
            ("an empty name", .init("", "a")),
            ("a name with a line break", .init("a\r\nInjected", "b")),
            ("a name with a NUL", .init("a\0b", "c")),
        ]
    }

    static func whatCannotBeCarried(_ context: ScenarioContext) async throws {
        let peer = try await context.peer()
        let place = try await context.place(by: peer)
        let member = try await peer.subscribe(place)
        for (what, field) in oddHeaders(peer.broker.limits) {
            var (odd, neighbours) = (context.message(what), context.messages(2))
            odd.headers = Headers([field])
            let outcomes = try await peer.outcomes(of: [neighbours[0], odd, neighbours[1]], to: place)
            if let refusal = peer.broker.limits.refusal(of: odd, at: context.time.now) {
                try context.requireRefused(outcomes[1], refusal.code, odd, what)
                try context.require(
                    !refusal.code.isRetryable, "the refusal of \(what) says that it can be retried", about: [odd.id])
            } else {
                try context.require(outcomes[1] == nil, "\(what), which is within the limits, was not confirmed")
                neighbours.insert(odd, at: 1)
            }
            try context.require(
                outcomes.keys.allSatisfy { $0 == 1 }, "\(what) refused its neighbours", about: neighbours.map(\.id))
            let deliveries = try await member.take(neighbours.count)
            try context.requireExactly(deliveries, neighbours.map(\.id), "beside \(what)")
            for delivery in deliveries where delivery.message.id == odd.id {
                let fields = delivery.message.headers.fields
                let isSame = fields.count == 1 && fields[0].name.text == field.name.text
                try context.require(
                    isSame && fields[0].value.bytes == field.value.bytes,
                    "\(what) was confirmed and came otherwise", about: [odd.id])
            }
            try await member.accept(deliveries)
        }
        try await context.watch(member, publishingBy: peer, because: "it has a header that the broker cannot carry")
    }
}

extension HeaderValue {
    /// The bytes, as text or as bytes.
    package var bytes: [UInt8] {
        switch self {
        case .text(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        }
    }
}
