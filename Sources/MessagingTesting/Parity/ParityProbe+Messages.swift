import Messaging

extension ParityProbe {
    /// A message for a destination of each kind.
    static func publishing(
        _ what: String, to kinds: [DestinationKind] = DestinationKind.allCases,
        declaring declare: @escaping @Sendable (inout DestinationDeclaration, ParityBench) -> Void = { _, _ in },
        _ edit: @escaping @Sendable (inout Message, ParityBench) -> Void
    ) -> [ParityProbe] {
        kinds.map { kind in
            ParityProbe("publish to a \(kind) \(what)") { bench in
                let place = try await bench.place(kind) { declare(&$0, bench) }
                var message = Message("x")
                edit(&message, bench)
                try await bench.publish(message, to: place)
            }
        }
    }

    /// Bodies, priorities and times.
    static let messages: [ParityProbe] =
        publishing("a small message") { _, _ in }
        + publishing("a body of the limit") { $0.body = .zeros($1.limits.maximumBodyBytes) }
        + publishing("a body of one byte more") { $0.body = .zeros($1.limits.maximumBodyBytes + 1) }
        + publishing("an empty body") { message, _ in message.body = .empty }
        + publishing("a null body") { message, _ in message.body = .null }
        + publishing("priority 0") { message, _ in message.priority = 0 }
        + publishing("the highest priority", declaring: prioritised) { $0.priority = $1.limits.maximumPriority }
        + publishing("one priority more", declaring: prioritised) { $0.priority = $1.limits.maximumPriority + 1 }
        + publishing("a priority that nobody declared") { message, _ in message.priority = 1 }
        + publishing("a priority of 255") { message, _ in message.priority = 255 }
        + publishing("an expiration to come") { message, _ in message.expiration = .now + .seconds(3600) }
        + publishing("an expiration that is over") { message, _ in message.expiration = .now + .seconds(-3600) }
        + publishing("a delay", declaring: delayed) { message, _ in message.notBefore = .now + .seconds(3600) }
        + publishing("a delay that is over") { message, _ in message.notBefore = .now + .seconds(-3600) }
        + publishing("nearly the longest delay", declaring: delayed) {
            $0.notBefore = .now + $1.limits.maximumDelay + .seconds(-3600)
        }
        + publishing("more than the longest delay", declaring: delayed) {
            $0.notBefore = .now + $1.limits.maximumDelay + .seconds(3600)
        }
        + publishing("a transient message") { message, _ in message.deliveryMode = .transient }

    @Sendable private static func prioritised(_ declaration: inout DestinationDeclaration, _ bench: ParityBench) {
        if bench.can(.priority, declaration.destination.kind) {
            declaration.maximumPriority = bench.limits.maximumPriority
        }
    }

    @Sendable private static func delayed(_ declaration: inout DestinationDeclaration, _ bench: ParityBench) {
        if bench.can(.delay, declaration.destination.kind) { declaration.longestDelay = bench.limits.maximumDelay }
    }

    /// Fields of text.
    static let fields: [ParityProbe] = named.flatMap { name, set -> [ParityProbe] in
        publishing("a \(name) of the limit", to: [.queue, .stream]) { set(&$0, .letters($1.limits.maximumFieldBytes)) }
            + publishing("a \(name) of one byte more", to: [.queue, .stream]) {
                set(&$0, .letters($1.limits.maximumFieldBytes + 1))
            }
            + publishing("a \(name) with a control character", to: [.queue]) { message, _ in set(&message, "a\u{7}b") }
            + publishing("a \(name) beyond ASCII", to: [.queue]) { message, _ in set(&message, "gr\u{F6}ße") }
            + publishing("an empty \(name)", to: [.queue]) { message, _ in set(&message, "") }
    }

    private static let named: [(String, @Sendable (inout Message, String) -> Void)] = [
        ("key", { $0.key = $1 }), ("type", { $0.type = $1 }), ("correlation id", { $0.correlationID = $1 }),
        ("reply-to", { $0.replyTo = $1 }), ("content encoding", { $0.contentEncoding = $1 }),
        ("content type", { $0.contentType = ContentType($1) }),
    ]

    /// Headers.
    static let headers: [ParityProbe] =
        publishing("as many headers as there may be") { $0.headers = .many($1.limits.maximumHeaders) }
        + publishing("one header more") { $0.headers = .many($1.limits.maximumHeaders + 1) }
        + publishing("a header name of the limit") {
            $0.headers.append(HeaderName(.letters($1.limits.maximumHeaderNameBytes)), "x")
        }
        + publishing("a header name of one byte more") {
            $0.headers.append(HeaderName(.letters($1.limits.maximumHeaderNameBytes + 1)), "x")
        }
        + publishing("a header value of the limit") {
            $0.headers.append("long", .text(.letters($1.limits.maximumHeaderValueBytes)))
        }
        + publishing("a header value of one byte more") {
            $0.headers.append("long", .text(.letters($1.limits.maximumHeaderValueBytes + 1)))
        }
        + oddHeaders.flatMap { what, name, value -> [ParityProbe] in
            publishing("a header with \(what)") { message, _ in message.headers.append(name, value) }
        }
        + publishing("a header twice") { message, _ in
            message.headers.append("twice", "one")
            message.headers.append("Twice", "two")
        }

    private static let oddHeaders: [(String, HeaderName, HeaderValue)] = [
        ("no name", "", "x"), ("a space in its name", "a b", "x"), ("a colon in its name", "a:b", "x"),
        ("a bell in its name", "a\u{7}b", "x"), ("an empty value", "odd", ""),
        ("a value beyond ASCII", "odd", "gr\u{F6}ße"), ("NUL in its value", "odd", "a\u{0}b"),
        ("a line feed in its value", "odd", "a\nb"), ("a carriage return in its value", "odd", "a\rb"),
        ("a value that is not UTF-8", "odd", .bytes([0xFF, 0xFE])),
        ("a value of bytes that are text", "odd", .bytes([0x61])),
    ]
}

extension Body {
    /// So many zeros, made by doubling: quick also where nothing is optimised.
    fileprivate static func zeros(_ count: Int) -> Body {
        var bytes: [UInt8] = [0]
        bytes.reserveCapacity(count)
        while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
        return Body(count > 0 ? bytes : [])
    }
}

extension String {
    /// So many letters.
    fileprivate static func letters(_ count: Int) -> String { String(repeating: "x", count: Swift.max(0, count)) }
}

extension Headers {
    /// So many headers, each of its own name.
    fileprivate static func many(_ count: Int) -> Headers {
        Headers((0..<max(0, count)).map { Field(HeaderName("h\($0)"), "v") })
    }
}
