import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("Topics that are deprecated or retired") struct TopicLifecycleTests {
    private func fixture(_ lifecycle: TopicLifecycle, as kind: DestinationKind = .queue) throws -> HubFixture {
        var fixture = HubFixture()
        try fixture.route("orders", as: kind)
        try fixture.route("orders.old", as: kind) { $0.lifecycle = lifecycle }
        return fixture
    }

    @Test("S0-74 a deprecated topic works with a warning for each publisher and subscription; a retired one is refused")
    func lifecycle() async throws {
        let old = try fixture(.deprecated(replacement: "orders"))
        try await old.run { hub in
            let handled = Recorder<MessageID>()
            try await hub.subscribe(to: "orders.old") { handled.add($0.message.id) }
            for _ in 0..<3 { try await hub.publish(Message("a"), to: "orders.old") }
            try await hub.publish(Message("b"), to: "orders")
            try await eventually("all are handled") { handled.count == 3 }
        }
        let warnings = old.log.records.filter { $0.message.contains("deprecated") }
        #expect(
            warnings.map(\.message) == [
                "topic deprecated", "subscribed to a deprecated topic", "publishing to a deprecated topic",
            ])
        #expect(
            warnings.allSatisfy {
                $0.level == .warning && $0["messaging.destination.name"] == "orders.old"
                    && $0["hub.replacement"] == "orders" && $0["hub.route"] == "orders.old"
            })

        let gone = try fixture(.retired(replacement: "orders"))
        try await gone.run { hub in
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish([Message("a"), Message("b")], to: "orders.old")
            }
            #expect(failure?.outcomes.count == 2 && failure?.first.code == .noSuchDestination)
            #expect(
                failure?.first.sentence == "topic orders.old is retired by route orders.old; publish to orders instead,"
                    + " or take lifecycle: retired from the route")
            let error = await #expect(throws: BrokerError.self) { try await hub.subscribe(to: "orders.old") { _ in } }
            #expect(error?.sentence.contains("is retired by route orders.old; subscribe to orders instead") == true)
            #expect(hub.metrics().publishFailed == 2 && hub.metrics().published == 0)
        }
        await #expect(throws: (any Error).self) { try await gone.depth(of: "orders.old") }
    }

    @Test("a topic without a replacement is refused with what is left to do")
    func withoutReplacement() async throws {
        let gone = try fixture(.retired(replacement: nil), as: .pubSub)
        try await gone.run { hub in
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish(Message("a"), to: "orders.old")
            }
            #expect(failure?.first.sentence.contains("retired by route orders.old; leave it out, or") == true)
            await #expect(throws: BrokerError.self) { try await hub.request(Message("a"), to: "orders.old") }
            await #expect(throws: BrokerError.self) {
                try await hub.subscribe(to: TopicPattern("orders.old", style: .amqp)) { _ in }
            }
        }
    }

    @Test("what handlers send on to a deprecated topic is a use, and a topic that is active is none")
    func forwarding() async throws {
        let old = try fixture(.deprecated(replacement: nil))
        try await old.run { hub in
            let handled = Recorder<MessageID>()
            try await hub.subscribe(to: "orders.old") { handled.add($0.message.id) }
            try await hub.subscribe(forwardingFrom: "orders") { [ForwardedMessage($0.message, to: "orders.old")] }
            for _ in 0..<2 { try await hub.publish(Message("a"), to: "orders") }
            try await eventually("both are handled") { handled.count == 2 }
        }
        let warnings = old.log.records.filter { $0.message.contains("deprecated") }
        #expect(warnings.map { $0["messaging.destination.name"] } == Array(repeating: "orders.old", count: 3))
        #expect(warnings.allSatisfy { $0["hub.replacement"] == nil })
    }

    @Test("what a handler sends on to a retired topic fails its run, nothing of it is sent, and the policy decides")
    func forwardingToRetired() async throws {
        var gone = try fixture(.retired(replacement: "bills"))
        try gone.route("bills")
        gone.configuration.routes["orders"]?.retry = RetryPolicy(
            attempts: 3, backoff: .constant, delay: .milliseconds(1))
        let (runs, letters) = (Recorder<String>(), Recorder<Message>())
        try await gone.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(forwardingFrom: "orders") { delivery in
                let name = delivery.message.body.text ?? ""
                runs.add("\(name).\(delivery.attempt)")
                let isMended = name == "mended" && delivery.attempt == 2
                return [
                    ForwardedMessage(Message(Body("first of \(name)")), to: "bills"),
                    ForwardedMessage(Message(Body("second of \(name)")), to: isMended ? "bills" : "orders.old"),
                ]
            }
            for name in ["given up", "mended"] { try await hub.publish(Message(Body(name)), to: "orders") }
            // A dead letter is counted once it is there, which its handler may be before.
            try await eventually("both have ended") {
                hub.metrics().deadLettered == 1 && hub.metrics().handled == 2
            }
            #expect(hub.metrics().retried == 3)
        }
        #expect(
            runs.all.sorted() == ["given up.1", "given up.2", "given up.3", "mended.1", "mended.2"])
        let letter = try #require(letters.all.first)
        #expect(letters.count == 1)
        #expect(letter.body == "given up" && letter.headers[.deadLetterReason] == "exhausted")
        #expect(
            letter.headers[.deadLetterError]?.contains(
                "topic orders.old is retired by route orders.old; publish to bills instead") == true,
            "\(letter.headers)")
        #expect(try await gone.depth(of: "orders") == 0)
        #expect(try await gone.depth(of: "bills") == 2)
        await #expect(throws: (any Error).self) { try await gone.depth(of: "orders.old") }
    }

    @Test("where nobody takes its dead letters, what is sent on to a retired topic keeps its original")
    func forwardingToRetiredIsKept() async throws {
        var gone = try fixture(.retired(replacement: nil))
        gone.configuration.routes["orders"]?.retry = RetryPolicy(
            attempts: 1, delay: .milliseconds(1), maximumDelay: .milliseconds(1))
        gone.configuration.routes["orders"]?.deadLetter = .none
        let runs = Recorder<Int32>()
        try await gone.run { hub in
            try await hub.subscribe(forwardingFrom: "orders") { delivery in
                runs.add(delivery.attempt)
                return [ForwardedMessage(delivery.message, to: "orders.old")]
            }
            try await hub.publish(Message("a"), to: "orders")
            try await eventually("it comes again") { runs.count >= 3 }
            #expect(await hub.health().alarms.count == 1)
            #expect(hub.metrics().handled == 0 && hub.metrics().deadLettered == 0)
        }
        #expect(try await gone.depth(of: "orders") == 1)
        let kept = gone.log.records(of: "message kept")
        #expect(kept.count == 1 && kept.first?["error"]?.contains("retired by route orders.old; leave it out") == true)
    }
}
