import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// A broker with the profile of another refuses, in every call, what that one would refuse.
@Suite struct ProfileTests {
    /// A call that the bare profile refuses, and the words of its sentence.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let what: String
        var code = BrokerError.Code.unsupported
        let sentence: String
        let call: @Sendable (Bench) async throws -> Void
        var testDescription: String { what }
    }

    /// Queues and streams, and nothing that can be left out.
    static let bare = BrokerProfile(
        type: "bare", scheme: "bare", options: OptionGroup([]),
        capabilities: BrokerCapabilities([.queue: [.serve: .native], .stream: [.serve: .native]]),
        limits: BrokerLimits().with {
            $0.maximumBodyBytes = 100
            $0.maximumTopicBytes = 6
            $0.headerGrammar = .line
        })

    static let queue = Destination.queue("orders")
    static let stream = Destination.stream("events")
    static let long = Topic("orders7")

    static func publishing(_ what: String, to destination: Destination = queue, _ sentence: String, _ message: Message)
        -> [Refusal]
    {
        [
            Refusal(what: "publish \(what)", sentence: sentence) { bench in
                try await bench.broker.publish(message, to: destination)
            },
            Refusal(what: "publish several \(what)", sentence: sentence) { bench in
                try await bench.broker.publish([message, message], to: destination)
            },
            Refusal(what: "forward \(what)", sentence: sentence) { bench in
                try await bench.publish(["original"], to: queue)
                let consumer = try await bench.consumer(queue)
                let held = try await consumer.take()
                let forward = Settlement.forward([Outgoing(message, to: destination)])
                let outcome = await consumer.settle(held[0].receipt, as: forward)
                #expect(consumer.holds(held[0].receipt))
                if case .failed(let error) = outcome { throw error }
            },
        ]
    }

    static func message(_ edit: (inout Message) -> Void) -> Message {
        var message = Message("x")
        edit(&message)
        return message
    }

    static let later = VirtualTime.beginning + .seconds(3600)
    static let publishes =
        publishing("null", "needs nullBody", Message(Body.null))
        + publishing("what expires", "needs expiration", message { $0.expiration = later })
        + publishing("what is delayed", "needs delay", message { $0.notBefore = later })
        + publishing("pubSub", to: .pubSub("news"), "needs serve", Message("x"))
        + publishing("a header", "line break", message { $0.headers = ["a": "b\n"] }).map { refusal in
            Refusal(what: refusal.what, code: .invalidArgument, sentence: refusal.sentence, call: refusal.call)
        }
        + publishing("to a long topic", to: .queue(long), "carries at most 6", Message("x")).map { refusal in
            Refusal(what: refusal.what, code: .invalidArgument, sentence: refusal.sentence, call: refusal.call)
        }

    static func declaring(
        _ what: String, _ sentence: String, _ edit: @escaping @Sendable (inout DestinationDeclaration) -> Void
    )
        -> Refusal
    {
        Refusal(what: "declare \(what)", sentence: sentence) { bench in
            try await bench.declare(.queue("new"), edit)
        }
    }

    static let declarations = [
        declaring("messages", "needs bounded") { $0.maximumMessages = 7 },
        declaring("bytes", "needs bounded") { $0.maximumBytes = 7 },
        declaring("refusing", "needs bounded") { $0.whenFull = .refuse },
        declaring("order", "needs order") { $0.order = .perKey },
        declaring("priority", "needs priority") { $0.maximumPriority = 1 },
        declaring("delays", "needs delay") { $0.longestDelay = .seconds(1) },
        declaring("dead letters", "needs brokerDeadLetters") { $0.deadLetters = .broker(queue) },
        declaring("pubSub", "needs serve") { $0.destination = .pubSub("new") },
        Refusal(what: "declare a long topic", code: .invalidArgument, sentence: "carries at most 6") { bench in
            try await bench.declare(.queue(long))
        },
    ]

    static let subscriptions = [
        Refusal(what: "subscribe to pubSub", sentence: "needs serve") { _ = try await $0.consumer(.pubSub("news")) },
        Refusal(what: "subscribe until the end", sentence: "needs untilEnd") { bench in
            _ = try await bench.untilEnd(stream, group: "all")
        },
        Refusal(what: "subscribe to a pattern", sentence: "needs pattern") { bench in
            let pattern = try TopicPattern("#", style: .amqp)
            _ = try await bench.broker.subscribe(Subscription(pattern, kind: .stream, group: "all"))
        },
        Refusal(what: "subscribe to a long topic", code: .invalidArgument, sentence: "carries at most 6") { bench in
            _ = try await bench.consumer(.queue(long))
        },
        Refusal(what: "retry", sentence: "needs retry") { bench in
            try await bench.publish(["original"], to: queue)
            let consumer = try await bench.consumer(queue)
            let held = try await consumer.take()
            let outcome = await consumer.settle(held[0].receipt, as: .retry(after: .zero, failure: nil))
            if case .failed(let error) = outcome { throw error }
        },
    ]

    @Test(arguments: publishes + declarations + subscriptions)
    func aProfileRefusesWhatItsBrokerCannotDo(_ refusal: Refusal) async throws {
        let bench = try await Bench(profile: Self.bare)
        // Another makes what must be there; its own broker can do everything.
        let other = InMemoryBroker(bench.server)
        try await other.connect { _ in }
        var events = DestinationDeclaration(Self.stream)
        events.groups["all"] = .init()
        try await other.declare(
            [DestinationDeclaration(Self.queue), events, DestinationDeclaration(.queue(Self.long))])
        // The short way to the queue is open, if there is one.
        try await bench.broker.publish(Message("before"), to: Self.queue)
        #expect(try await bench.consumer(Self.queue).drain() == ["before"])
        let error = await failure { try await refusal.call(bench) }
        #expect(error?.code == refusal.code)
        #expect(error?.sentence.contains(refusal.sentence) == true, "\(error?.sentence ?? "")")
        #expect(bench.broker.replay == nil)
    }

    @Test(arguments: [Destination.stream("events"), .pubSub("news")])
    func aDelayIsRefusedWhereThereIsNone(_ destination: Destination) async throws {
        let bench = try await Bench()
        try await bench.declare(Self.queue)
        if destination.kind == .stream { try await bench.declare(destination) { $0.groups["all"] = .init() } }
        let consumer = try await bench.consumer(destination, group: destination.kind == .stream ? "all" : nil)
        let hour = Self.later
        let error = await failure { try await bench.publish(["x"], to: destination) { $0.notBefore = hour } }
        #expect(error?.code == .unsupported)
        #expect(error?.sentence.contains("needs delay") == true)
        try await bench.publish(["original"], to: Self.queue)
        let source = try await bench.consumer(Self.queue)
        let held = try await source.take()
        let forward = Settlement.forward([Outgoing(Self.message { $0.notBefore = hour }, to: destination)])
        #expect({ if case .failed = $0 { true } else { false } }(await source.settle(held[0].receipt, as: forward)))
        #expect(try await consumer.take().isEmpty)
        // A delay that is over asks for nothing.
        bench.time.advance(by: .seconds(3600))
        try await bench.publish(["x"], to: destination) { $0.notBefore = hour }
        #expect(try await consumer.drain() == ["x"])
    }
}
