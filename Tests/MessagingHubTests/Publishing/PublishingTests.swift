import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct PublishingTests {
    private func hub(
        _ broker: FakeBroker, time: any TimeSource = SystemTime.shared,
        _ edit: (inout RouteConfiguration) -> Void = { _ in }, _ body: (MessageHub) async throws -> Void
    ) async throws {
        var route = RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)
        route.publishRetry = RetryPolicy(attempts: 4, delay: .milliseconds(100))
        edit(&route)
        let configuration = HubConfiguration(
            brokers: ["fake": BrokerConfiguration("fake")], routes: ["orders": route])
        try await withHub(configuration, brokers: [broker.factory], environment: .init(time: time), body)
    }

    @Test("S0-59 two failures that pass, then success: three publishes with growing gaps")
    func backoff() async throws {
        let time = VirtualTime()
        let moments = Recorder<Duration>()
        let broker = FakeBroker { call, messages in
            moments.add(time.uptime)
            return call < 3 ? .refused(BrokerError(.notConnected, "away"), count: messages.count) : nil
        }
        try await hub(broker, time: time) { hub in
            async let receipt = hub.publish(Message("a"), to: "orders")
            try await advancing(time, by: .milliseconds(10), until: "three") { broker.calls.count == 3 }
            _ = try await receipt
            #expect(hub.metrics().published == 1)
            #expect(hub.metrics().publishRetried == 2)
        }
        let gaps = zip(moments.all.dropFirst(), moments.all).map { $0 - $1 }
        #expect(gaps.count == 2)
        #expect(gaps[0] >= .milliseconds(100) && gaps[0] < .milliseconds(150))
        #expect(gaps[1] >= .milliseconds(200) && gaps[1] < .milliseconds(250))
    }

    @Test(
        "what a broker does not answer for, or answers for another message, may have arrived",
        arguments: [
            PublishFailure([:], of: 2), .refused(BrokerError(.tooLarge, "large"), count: 3),
            PublishFailure(
                [0: .unknown(BrokerError(.notConnected, "gone")), 7: .unknown(BrokerError(.timeout, ""))], of: 2),
            PublishFailure([-1: .unknown(BrokerError(.notConnected, "gone"))], of: 2),
        ])
    func malformedAnswer(_ answer: PublishFailure) async throws {
        let broker = FakeBroker { _, _ in answer }
        try await hub(broker) {
            $0.publishRetry = RetryPolicy(attempts: 1)
        } _: { hub in
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish([Message("a"), Message("b")], to: "orders")
            }
            #expect(failure?.outcomes.keys.sorted() == [0, 1])
            for (index, outcome) in failure?.outcomes ?? [:] where answer.outcomes[index] == nil {
                #expect(outcome == .unknown(outcome.error))
                #expect("\(outcome.error)".contains("of 2 messages the broker answered for"))
            }
            #expect(hub.metrics().published == 0)
        }
    }

    @Test func aTopicThatItsBrokerCannotCarryIsRefusedBeforeTheBrokerIsAsked() async throws {
        let broker = FakeBroker(limits: BrokerLimits().with { $0.nameGrammar = .ascii })
        let pattern = try TopicPattern("orders.*", style: .amqp)
        try await hub(broker) {
            $0.pattern = pattern
        } _: { hub in
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish(Message(), to: "orders.büro")
            }
            #expect(failure?.first.code == .invalidArgument)
            #expect(
                failure?.first.sentence.hasPrefix("topic \"orders.büro\" contains \"ü\"; this broker carries") == true)
            let refused = await #expect(throws: BrokerError.self) {
                try await hub.subscribe(to: "orders.büro") { _ in }
            }
            #expect(refused?.sentence == failure?.first.sentence)
            try await hub.publish(Message("a"), to: "orders.office")
        }
        #expect(broker.calls.all == [["a"]])
    }

    @Test func onlyWhatWasNotConfirmedIsRepeated() async throws {
        let broker = FakeBroker { call, _ in
            call > 1
                ? nil
                : PublishFailure(
                    [1: .refused(BrokerError(.resourceExhausted, "full")), 3: .unknown(BrokerError(.timeout, "late"))],
                    of: 5)
        }
        try await hub(broker) { hub in
            try await hub.publish((0..<5).map { Message(Body("\($0)")) }, to: "orders")
        }
        #expect(broker.calls.all == [["0", "1", "2", "3", "4"], ["1", "3"]])
    }

    @Test func anUnknownOutcomeIsNotRepeatedWhereDuplicatesAreNotAccepted() async throws {
        let broker = FakeBroker { call, messages in
            call == 1 ? PublishFailure([0: .unknown(BrokerError(.timeout, "late"))], of: messages.count) : nil
        }
        try await hub(broker) {
            $0.acceptsDuplicates = false
        } _: { hub in
            let failure = await #expect(throws: PublishFailure.self) { try await hub.publish(Message(), to: "orders") }
            #expect(failure?.outcomes == [0: .unknown(BrokerError(.timeout, "late"))])
        }
        #expect(broker.calls.count == 1)
    }

    @Test func whatMayHaveArrivedOnceIsNeverCalledRefused() async throws {
        let broker = FakeBroker { call, messages in
            call == 1
                ? PublishFailure([0: .unknown(BrokerError(.timeout, "late"))], of: messages.count)
                : .refused(BrokerError(call == 2 ? .notConnected : .unauthorized, "away"), count: messages.count)
        }
        try await hub(broker) {
            $0.publishRetry = RetryPolicy(attempts: 3, delay: .milliseconds(1))
        } _: { hub in
            let failure = await #expect(throws: PublishFailure.self) { try await hub.publish(Message(), to: "orders") }
            #expect(failure?.outcomes == [0: .unknown(BrokerError(.unauthorized, "away", during: .publish))])
        }
        #expect(broker.calls.count == 3)
    }

    @Test func anErrorThatStaysIsThrownAtOnceAndEveryMessageIsAnsweredFor() async throws {
        let large = BrokerError(.tooLarge, "large")
        let broker = FakeBroker { call, messages in
            let others = messages.indices.filter { messages[$0].body == "busy" }
            var outcomes: [Int: PublishFailure.Outcome] = [:]
            for index in others { outcomes[index] = .refused(BrokerError(.resourceExhausted, "full")) }
            if let index = messages.firstIndex(where: { $0.body == "large" }) { outcomes[index] = .refused(large) }
            return outcomes.isEmpty ? nil : PublishFailure(outcomes, of: messages.count)
        }
        try await hub(broker) {
            $0.publishRetry = RetryPolicy(attempts: 3, delay: .milliseconds(1))
        } _: { hub in
            let bodies: [Body] = ["a", "large", "busy", "b"]
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish(bodies.map { Message($0) }, to: "orders")
            }
            #expect(failure?.count == 4)
            #expect(failure?.outcomes.keys.sorted() == [1, 2])
            #expect(failure?.outcomes[1] == .refused(large))
            #expect(hub.metrics().published == 2)
            #expect(hub.metrics().publishFailed == 2)
        }
        #expect(broker.calls.all == [["a", "large", "busy", "b"], ["busy"], ["busy"]])
    }

    @Test func theDeadlineBoundsAllRepetitionsTogether() async throws {
        let time = VirtualTime()
        let broker = FakeBroker { _, messages in .refused(BrokerError(.notConnected, "away"), count: messages.count) }
        try await hub(broker, time: time) {
            $0.publishDeadline = .seconds(1)
            $0.publishRetry = RetryPolicy(attempts: 1000, backoff: .constant, delay: .milliseconds(300))
        } _: { hub in
            async let result = outcome { try await hub.publish(Message(), to: "orders") }
            try await advancing(time, by: .milliseconds(10), until: "given up") { hub.metrics().publishFailed == 1 }
            let published = await result
            #expect(throws: PublishFailure.self) { try published.get() }
        }
        #expect(broker.calls.count == 4)
    }

    @Test(arguments: [false, true]) func theFirstTryCountsToTheDeadline(isBatch: Bool) async throws {
        let time = VirtualTime()
        let broker = FakeBroker { call, messages in
            if call == 1 { return nil }
            time.advance(by: .seconds(7))
            return .refused(BrokerError(.notConnected, "away"), count: messages.count)
        }
        try await hub(broker, time: time) {
            $0.publishDeadline = .seconds(10)
            $0.publishRetry = RetryPolicy(attempts: 3, backoff: .constant, delay: .seconds(1))
        } _: { hub in
            try await hub.publish(Message(), to: "orders")
            async let result = outcome {
                if isBatch {
                    try await hub.publish([Message()], to: "orders")
                } else {
                    try await hub.publish(Message(), to: "orders")
                }
            }
            try await advancing(time, by: .seconds(1), until: "given up") { hub.metrics().publishFailed == 1 }
            let published = await result
            #expect(throws: PublishFailure.self) { try published.get() }
        }
        #expect(broker.deadlines.count == 3)
        #expect(broker.deadlines.all[1] == .seconds(10))
        #expect(broker.deadlines.all[2] <= .seconds(2))
    }

    @Test(arguments: [false, true]) func theWaitForTheHubCountsToTheDeadline(isBatch: Bool) async throws {
        let time = VirtualTime()
        let broker = FakeBroker { _, _ in nil }
        let route = RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)
        let configuration = HubConfiguration(brokers: ["fake": BrokerConfiguration("fake")], routes: ["orders": route])
        let hub = try MessageHub(configuration, brokers: [broker.factory], environment: .init(time: time))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                if isBatch {
                    try await hub.publish([Message()], to: "orders")
                } else {
                    try await hub.publish(Message(), to: "orders")
                }
            }
            #expect(await time.waits(forAlarms: 1, within: .seconds(60)))
            time.advance(by: .seconds(20))
            group.addTask { try await hub.run() }
            try await group.next()
            await hub.shutdown()
            try await group.waitForAll()
        }
        #expect(broker.deadlines.all == [.seconds(10)])
    }

    @Test("S4-65 many small messages go out as one batch")
    func batch() async throws {
        let broker = FakeBroker { _, _ in nil }
        try await hub(broker) { hub in
            try await hub.publish((0..<100).map { Message(Body("\($0)")) }, to: "orders")
            try await hub.publish([] as [Message], to: "orders")
        }
        #expect(broker.calls.all.map(\.count) == [100])
    }

    @Test func anApplicationCannotSetTheCountOfCopies() async throws {
        let seen = Recorder<Headers>()
        let broker = FakeBroker { _, messages in
            for message in messages { seen.add(message.headers) }
            return nil
        }
        let headers: Headers = ["hub-attempt": "7", "mine": "1", "hub-dead-letter-reason": "rejected"]
        try await hub(broker) { hub in
            try await hub.publish(Message(headers: headers), to: "orders")
            try await hub.publish([Message(headers: headers)], to: "orders")
        }
        #expect(seen.all == Array(repeating: ["mine": "1", "hub-dead-letter-reason": "rejected"], count: 2))
    }

    @Test func aValueIsPublishedAsJSON() async throws {
        struct Order: Codable, Sendable { var number: Double }
        let seen = Recorder<Message>()
        let broker = FakeBroker { _, messages in
            seen.add(messages[0])
            return nil
        }
        let topic = TypedTopic<Order>("orders")
        try await hub(broker) { hub in
            try await hub.publish(Order(number: 7), to: topic, key: "k", headers: ["a": "1"])
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish(Order(number: .nan), to: topic)
            }
            #expect(failure?.first.code == .serialization)
        }
        #expect(seen.all.map(\.body) == [#"{"number":7}"#])
        #expect(seen.all[0].contentType == .json)
        #expect(seen.all[0].type == "Order")
        #expect(seen.all[0].key == "k")
        #expect(seen.all[0].headers == ["a": "1"])
    }
}
