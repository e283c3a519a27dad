import Messaging
import Testing

@Suite struct BrokerLimitsTests {
    private let now = Timestamp(milliseconds: 1_000_000)
    private let limits = BrokerLimits()

    private func refusal(of message: Message, by limits: BrokerLimits? = nil) -> BrokerError? {
        (limits ?? self.limits).refusal(of: message, at: now)
    }

    private func expect(
        _ code: BrokerError.Code, _ hint: String, of message: Message, by limits: BrokerLimits? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = refusal(of: message, by: limits)
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(error?.operation == .publish, sourceLocation: sourceLocation)
        #expect(error?.sentence.contains(hint) == true, "\(error?.sentence ?? "taken")", sourceLocation: sourceLocation)
        #expect(error?.sentence.contains(message.id.description) == true, sourceLocation: sourceLocation)
    }

    @Test func ordinaryMessagesAreTaken() {
        #expect(refusal(of: Message()) == nil)
        var message = Message(
            "body", type: "order.created", key: "42", headers: ["a": "ü", "b": ""], contentType: .json)
        message.correlationID = "c"
        message.notBefore = now + .seconds(5)
        message.expiration = now + .seconds(1)
        message.priority = 10
        #expect(refusal(of: message) == nil)
    }

    @Test("S4-64 the largest body is 1 MiB by default and configurable; a larger one is a typed error")
    func size() {
        #expect(limits.maximumBodyBytes == 1_048_576)
        #expect(refusal(of: Message(Body([UInt8](repeating: 0, count: 1_048_576)))) == nil)
        let oversize = Message(Body([UInt8](repeating: 0, count: 1_048_577)))
        expect(.tooLarge, "body of 1048577 bytes is over the limit of 1048576", of: oversize)
        let larger = limits.with { $0.maximumBodyBytes = 2 << 20 }
        #expect(refusal(of: oversize, by: larger) == nil)
        let smaller = limits.with { $0.maximumBodyBytes = 10 }
        #expect(refusal(of: Message("1234567890"), by: smaller) == nil)
        expect(.tooLarge, "body of 11 bytes is over the limit of 10", of: Message("12345678901"), by: smaller)
    }

    @Test("S3-50 priority 0 to 10 is taken, anything else is refused, not clamped")
    func priority() {
        for priority in 0...10 as ClosedRange<UInt8> {
            var message = Message()
            message.priority = priority
            #expect(refusal(of: message) == nil)
        }
        for priority in [11, 255] as [UInt8] {
            var message = Message()
            message.priority = priority
            expect(.invalidArgument, "priority \(priority) is out of range; 0 to 10 are allowed", of: message)
        }
    }

    @Test func aBrokerMayCarryFewerPrioritiesButNoneCarriesMore() {
        let five = limits.with { $0.maximumPriority = 5 }
        var message = Message()
        message.priority = 5
        #expect(refusal(of: message, by: five) == nil)
        message.priority = 6
        expect(.invalidArgument, "priority 6 is out of range; 0 to 5 are allowed", of: message, by: five)
        message.priority = 11
        expect(.invalidArgument, "0 to 10 are allowed", of: message, by: limits.with { $0.maximumPriority = 255 })
    }

    @Test func topicsAreRefusedThatAreNoneOrThatTheBrokerCannotCarry() {
        func expect(
            _ hint: String?, of topic: Topic, by limits: BrokerLimits, sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let error = limits.refusal(of: topic)
            #expect(error?.code == hint.map { _ in .invalidArgument }, sourceLocation: sourceLocation)
            #expect(error?.sentence == hint.map { "topic \(topic.name.quoted) \($0)" }, sourceLocation: sourceLocation)
        }
        let (short, plain) = (limits.with { $0.maximumTopicBytes = 6 }, limits.with { $0.nameGrammar = .ascii })
        for topic in ["orders", "büro.öl", "a+b"] as [Topic] { expect(nil, of: topic, by: limits) }
        expect("has an empty token; remove the leading, trailing or doubled dot", of: "orders.", by: limits)
        expect(nil, of: "orders", by: short)
        expect("has 8 bytes; this broker carries at most 6, shorten it", of: "order.ü", by: short)
        for topic in ["orders", "Orders-EU_1.created"] as [Topic] { expect(nil, of: topic, by: plain) }
        let allowed = "this broker carries ASCII letters, digits, dots, hyphens and underscores alone, rename it"
        expect("contains \"ü\"; \(allowed)", of: "büro", by: plain)
        expect("contains \"+\"; \(allowed)", of: "a+b", by: plain)
    }

    @Test("S3-53 a message that has expired is not published")
    func expiration() {
        var message = Message()
        message.expiration = now
        expect(.expired, "expired at 1970-01-01T00:16:40.000Z", of: message)
        message.expiration = now + .nanoseconds(1)
        #expect(refusal(of: message) == nil)
    }

    @Test func delay() {
        var message = Message()
        message.notBefore = now + .seconds(11)
        expect(.invalidArgument, "delay until", of: message, by: limits.with { $0.maximumDelay = .seconds(10) })
        message.notBefore = now + .seconds(10)
        #expect(refusal(of: message, by: limits.with { $0.maximumDelay = .seconds(10) }) == nil)
        message.notBefore = Timestamp(nanoseconds: .max)
        expect(.invalidArgument, "delay until", of: message)
        message.notBefore = Timestamp(nanoseconds: .min)
        #expect(refusal(of: message) == nil)
    }

    @Test func shortFields() {
        let short = limits.with { $0.maximumFieldBytes = 4 }
        expect(.tooLarge, "key of 5 bytes is over the limit of 4", of: Message(key: "12345"), by: short)
        expect(.tooLarge, "type of 5 bytes", of: Message(type: "12345"), by: short)
        #expect(refusal(of: Message(type: "1234", key: "1234", contentType: "a/b"), by: short) == nil)
        expect(.tooLarge, "content type of 9 bytes", of: Message(contentType: "image/png"), by: short)
        for (name, path) in [
            ("correlation id", \Message.correlationID), ("reply-to", \.replyTo),
            ("content encoding", \.contentEncoding),
        ] {
            var message = Message(contentType: "a/b")
            message[keyPath: path] = "12345"
            expect(.tooLarge, "\(name) of 5 bytes", of: message, by: short)
            message[keyPath: path] = "a\u{7F}"
            expect(.invalidArgument, "\(name) \"a\\u{7F}\" contains a control character", of: message)
        }
    }

    /// A body that nobody could copy: only its size is looked at.
    @Test func aBodyOfTwoGibibytesIsRefusedBySize() {
        let size = 2 << 30
        let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 4096), count: size)
        let body = Body(owner: ForeignBytes(bytes, handle: nil) { _ in })
        expect(.tooLarge, "body of 2147483648 bytes is over the limit of 1048576", of: Message(body))
    }

    /// The short way that most messages take must see what the long one sees.
    @Test func controlCharactersInKeyAndTypeAreRefusedWithAndWithoutHeaders() {
        for text in ["a\u{0}", "\n", "a\tb", "\u{1F}", "\u{7F}", "long enough to be on the heap\u{1}"] {
            expect(.invalidArgument, "key \(text.quoted) contains a control character", of: Message(key: text))
            expect(.invalidArgument, "type \(text.quoted) contains", of: Message(type: text))
            expect(.invalidArgument, "key \(text.quoted) contains", of: Message(key: text, headers: ["a": "b"]))
        }
        #expect(refusal(of: Message(type: "größe ~", key: "日本 ")) == nil)
    }
}
