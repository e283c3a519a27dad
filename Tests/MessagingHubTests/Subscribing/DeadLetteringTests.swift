import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// What becomes of a message that its handlers give up: where its dead letter is refused, and where it has none.
@Suite(.timeLimit(.minutes(5))) struct DeadLetteringTests {
    @Test(arguments: [0, 1, 3, 7]) func aMessageWithAsManyHeadersAsFitIsDeadLettered(room: Int) async throws {
        var fixture = HubFixture()
        try fixture.route("orders") { $0.order = .perKey }
        let (letters, handled) = (Recorder<Message>(), Recorder<Message>())
        let limit = BrokerProfile.inMemory.limits.maximumHeaders
        let fields = (0..<(limit - room)).map { Headers.Field(HeaderName("h\($0)"), "v") }
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") {
                if !$0.message.headers.isEmpty { throw Reject("no stock") }
                handled.add($0.message)
            }
            try await hub.publish(Message("full", key: "k", headers: Headers(fields)), to: "orders")
            try await hub.publish(Message("next", key: "k"), to: "orders")
            try await eventually("the dead letter, and the next of its key") {
                letters.count == 1 && handled.count == 1
            }
            #expect(await hub.health().alarms.isEmpty)
        }
        let letter = letters.all[0]
        #expect(Array(letter.headers.fields.prefix(fields.count)) == fields)
        #expect(letter.headers.count == limit)
        #expect(letter.headers[.deadLetterReason] == (room > 0 ? "rejected" : nil))
    }

    @Test func aDeadLetterThatIsTooLargeBecauseOfWhatItSaysSaysNothing() async throws {
        let letters = Recorder<Message>()
        let far = FakeBroker { _, messages in
            letters.add(messages[0])
            return messages[0].headers.count > 1 ? .refused(BrokerError(.tooLarge, "large"), count: 1) : nil
        }
        var configuration = HubConfiguration(
            brokers: ["memory": BrokerConfiguration(.inMemory), "fake": BrokerConfiguration("fake")], routes: [:])
        var route = RouteConfiguration(TopicPattern("orders"), to: "memory", as: .queue)
        route.deadLetter = .topic("failed")
        configuration.routes["orders"] = route
        configuration.routes["failed"] = RouteConfiguration(TopicPattern("failed"), to: "fake", as: .queue)
        try await withHub(configuration, brokers: [.inMemory(), far.factory]) { hub in
            try await hub.subscribe(to: "orders") { _ in throw Reject("no stock") }
            try await hub.publish(Message("x", headers: ["mine": "1"]), to: "orders")
            try await eventually("the dead letter") { hub.metrics().deadLettered == 1 }
        }
        #expect(letters.all.map(\.headers[.deadLetterReason]) == ["rejected", nil])
        #expect(letters.all.last?.headers == ["mine": "1"])
    }

    @Test func subscriptionsWithOneLabelHaveAnAlarmEach() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") {
            $0.deadLetter = .none
            $0.window = 1
            $0.concurrency = 1
            $0.retry = RetryPolicy(attempts: 1, delay: .seconds(1))
            $0.retryByType = ["slow": RetryPolicy(attempts: 1, delay: .seconds(1000), maximumDelay: .seconds(1000))]
        }
        let (slow, quick) = (Message(type: "slow"), Message(type: "quick"))
        let (gate, isMended, runs) = (Recorder<Bool>(), Recorder<Bool>(), Recorder<String>())
        try await fixture.run { hub in
            let alarm: @Sendable () async -> String = { await hub.health().alarms["queue orders"] ?? "" }
            try await hub.subscribe(to: "orders") { delivery in
                runs.add(delivery.message.type)
                if delivery.message.type == "slow", isMended.count == 0 { throw Failing() }
                while delivery.message.type == "busy", gate.count == 0 { try await time.sleep(for: .seconds(1)) }
            }
            try await hub.publish(slow, to: "orders")
            try await eventually("the first one's alarm") { await alarm().contains("\(slow.id)") }
            try await hub.publish(Message(type: "busy"), to: "orders")
            try await eventually("the first one is busy") { runs.all == ["slow", "busy"] }
            let second = try await hub.subscribe(to: "orders") { _ in
                if runs.add("quick") == 3 { throw Failing() }
            }
            try await hub.publish(quick, to: "orders")
            try await eventually("the second one's alarm") { await alarm().contains("\(quick.id)") }
            #expect(await alarm().contains("\(slow.id)"))
            try await advancing(time, until: "the second one's is handled") { hub.metrics().handled == 1 }
            try await eventually("its alarm is gone") { await !alarm().contains("\(quick.id)") }
            #expect(await alarm().contains("\(slow.id)"))
            await second.cancel()
            gate.add(true)
            isMended.add(true)
            try await advancing(time, by: .seconds(10), until: "all") { hub.metrics().handled == 3 }
            #expect(await hub.health().alarms.isEmpty)
        }
    }

    @Test func theAlarmOfASubscriptionGoesWithIt() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") {
            $0.deadLetter = .none
            $0.retry = RetryPolicy(attempts: 1, delay: .milliseconds(20))
        }
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "orders") { _ in throw Reject("not for me") }
            try await hub.publish(Message(), to: "orders")
            try await eventually("an alarm") { await hub.health().alarms.count == 1 }
            await subscription.cancel()
            try await eventually("none") { await hub.health().alarms.isEmpty }
            try await hub.subscribe(to: "orders") { _ in }
            try await eventually("somebody took it") { hub.metrics().handled == 1 }
        }
    }

    @Test func pubSubHasNoDeadLettersAndARouteThatNamesSomeIsRefused() async throws {
        for deadLetter in [DeadLetterRoute.topic("failed"), .broker("failed"), .none] {
            var fixture = HubFixture()
            try fixture.route("live", as: .pubSub) { $0.deadLetter = deadLetter }
            let error = #expect(throws: ConfigurationError.self) { try fixture.make() }
            #expect(error?.description.contains("pubsub has no dead letters") == true)
        }
    }

    @Test func onPubSubWhatAHandlerFailsOnIsDroppedAndSaidAndTheSubscriptionGoesOn() async throws {
        var fixture = HubFixture()
        try fixture.route("live", as: .pubSub)
        let bad = Message("bad")
        let seen = Recorder<Message>()
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "live") {
                if $0.message.body == "bad" { throw Failing(description: "no stock") }
                seen.add($0.message)
            }
            try await hub.publish([bad, Message("good")], to: "live")
            try await eventually("the next one") { seen.count == 1 }
            #expect(subscription.state == .live)
            #expect(hub.metrics().dropped == 1)
        }
        let record = try #require(fixture.log.records(of: "message failed").first)
        #expect(record.level == .error)
        #expect(record["messaging.message.id"] == bad.id.description)
        #expect(record["error"] == "no stock")
        #expect(record["hub.decision"] == "drop as exhausted")
    }
}
