import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// What a declaration, or a subscription, is refused for, and what it is told.
@Suite struct DeclaringTests {
    /// One thing that a second declaration asks for differently.
    struct Difference: Sendable, CustomTestStringConvertible {
        let what: String
        let sentence: String
        let edit: @Sendable (inout DestinationDeclaration) -> Void
        var testDescription: String { what }
    }

    static let differences = [
        Difference(what: "order", sentence: "order none, and key") { $0.order = .perKey },
        Difference(what: "one order", sentence: "order none, and all") { $0.order = .all },
        Difference(what: "priority", sentence: "maximum priority 0, and 5") { $0.maximumPriority = 5 },
        Difference(what: "messages", sentence: "maximum messages not set, and 7") { $0.maximumMessages = 7 },
        Difference(what: "bytes", sentence: "maximum bytes not set, and 8") { $0.maximumBytes = 8 },
        Difference(what: "retention", sentence: "retention not set, and 9") { $0.retention = .seconds(9) },
        Difference(what: "when full", sentence: "when full wait, and refuse") { $0.whenFull = .refuse },
        Difference(what: "durable", sentence: "durable true, and false") { $0.durable = false },
        Difference(what: "dead letters", sentence: "dead letters hub, and none") { $0.deadLetters = .none },
        Difference(what: "bindings", sentence: #"bindings [], and ["news"]"#) { declaration in
            declaration.bindings = (try? TopicPattern("news", style: .amqp)).map { [$0] } ?? []
        },
    ]

    @Test(arguments: differences)
    func aConflictSaysWhatIsAndWhatWasAsked(_ difference: Difference) async throws {
        let bench = try await Bench()
        for destination in [Destination.queue("orders"), .stream("events")] {
            if difference.what == "priority", destination.kind == .stream { continue }
            try await bench.declare(destination)
            try await bench.declare(destination)
            let error = await failure { try await bench.declare(destination, difference.edit) }
            #expect(error?.code == .conflict)
            #expect(error?.sentence.contains("exists with \(difference.sentence)") == true, "\(error?.sentence ?? "")")
        }
    }

    @Test func onlyAStreamHasGroups() async throws {
        let bench = try await Bench()
        for destination in [Destination.queue("orders"), .pubSub("news")] {
            let error = await failure { try await bench.declare(destination) { $0.groups["all"] = .init() } }
            #expect(error?.code == .invalidArgument)
            #expect(error?.sentence == "\(destination) is given groups; only a stream has groups")
        }
    }

    @Test func aDestinationHoldsAtLeastOneMessageAndOneByte() async throws {
        let bench = try await Bench()
        for (limit, name) in [(\DestinationDeclaration.maximumMessages, "messages"), (\.maximumBytes, "bytes")] {
            let error = await failure { try await bench.declare(.queue("orders")) { $0[keyPath: limit] = 0 } }
            #expect(error?.code == .invalidArgument)
            #expect(error?.sentence == "queue orders: 0 \(name) is out of range; at least 1")
        }
    }

    @Test func orderIsNotPromisedBesideWhatBreaksIt() async throws {
        let bench = try await Bench()
        let priorities = await failure {
            try await bench.declare(.queue("orders")) {
                $0.order = .perKey; $0.maximumPriority = 1
            }
        }
        let delays = await failure {
            try await bench.declare(.queue("orders")) {
                $0.order = .perKey; $0.longestDelay = .seconds(1)
            }
        }
        for (error, rival) in [(priorities, "priorities"), (delays, "delays")] {
            #expect(error?.code == .unsupported)
            #expect(error?.sentence.contains("is to keep order and to have \(rival)") == true)
        }
    }

    @Test func aDelayedMessageIsRefusedWhereOrderIsKept() async throws {
        let bench = try await Bench()
        let pattern = try TopicPattern("loose", style: .amqp)
        try await bench.declare(.queue("orders")) {
            $0.order = .perKey; $0.bindings = [pattern]
        }
        try await bench.declare(.queue("loose"))
        let later = bench.time.now + .seconds(1)
        for destination in [Destination.queue("orders"), .queue("loose")] {
            let error = await failure { try await bench.publish(["x"], to: destination) { $0.notBefore = later } }
            #expect(error?.code == .unsupported)
            #expect(error?.sentence.contains("queue orders keeps order, which a delay would break") == true)
        }
        // What follows it with its key in the same call is refused too, and nothing else.
        var delayed = Message("1", key: "k")
        delayed.notBefore = later
        do {
            try await bench.broker.publish([delayed, Message("2", key: "k"), Message("3")], to: .queue("orders"))
            Issue.record("a delayed message was accepted")
        } catch {
            #expect(error.outcomes.mapValues(\.error.code) == [0: .unsupported, 1: .orderKept])
        }
        #expect(try await bench.consumer(.queue("orders")).drain() == ["3"])
    }

    /// A subscription that cannot be served.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let what: String
        let code: BrokerError.Code
        let sentence: String
        let subscription: @Sendable () throws -> Subscription
        var testDescription: String { what }
    }

    static let refusals = [
        Refusal(what: "no maxHold", code: .invalidArgument, sentence: "maxHold of 0.0 seconds is out of range") {
            Subscription(.queue("orders"), maxHold: .zero)
        },
        Refusal(what: "maxHold", code: .invalidArgument, sentence: "maxHold of 86401.0 seconds is out of range") {
            Subscription(.queue("orders"), maxHold: .seconds(86_401))
        },
        Refusal(what: "window", code: .invalidArgument, sentence: "a window of 0 is out of range; at least 1") {
            Subscription(.queue("orders"), window: 0)
        },
        Refusal(what: "bytes", code: .invalidArgument, sentence: "a window of 0 bytes is out of range; at least 1") {
            Subscription(.queue("orders"), windowBytes: 0)
        },
        Refusal(what: "a group of a queue", code: .invalidArgument, sentence: "only a stream has groups") {
            Subscription(.queue("orders"), group: "all")
        },
        Refusal(what: "a group of pubSub", code: .invalidArgument, sentence: "only a stream has groups") {
            Subscription(.pubSub("news"), group: "all")
        },
        Refusal(what: "no group", code: .invalidArgument, sentence: "a stream is read by a group; name it") {
            Subscription(.stream("events"))
        },
        Refusal(what: "until on pubSub", code: .unsupported, sentence: "a live broadcast has no end; leave until out") {
            Subscription(.pubSub("orders"), until: .end)
        },
        Refusal(what: "a pattern of queues", code: .unsupported, sentence: "bind it to a pattern instead") {
            Subscription(try TopicPattern("#", style: .amqp), kind: .queue)
        },
        Refusal(what: "an unknown group", code: .noSuchDestination, sentence: "does not exist; declare it") {
            Subscription(.stream("events"), group: "nobody")
        },
    ]

    @Test(arguments: refusals) func aSubscriptionThatCannotBeServedIsRefused(_ refusal: Refusal) async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        try await bench.declare(.stream("events")) { $0.groups["all"] = .init() }
        let subscription = try refusal.subscription()
        let error = await failure { _ = try await bench.broker.subscribe(subscription) }
        #expect(error?.code == refusal.code)
        #expect(error?.sentence.contains(refusal.sentence) == true, "\(error?.sentence ?? "")")
    }
}
