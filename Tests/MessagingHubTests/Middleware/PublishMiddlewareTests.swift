import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// What becomes of a publish whose middlewares do right, and wrong.
@Suite(.timeLimit(.minutes(5))) struct PublishMiddlewareTests {
    private let broker: FakeBroker
    private var route = RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)

    /// The broker confirms everything but, in a first call with several, the second: refused, the third: unknown.
    init() {
        broker = FakeBroker { call, messages in
            guard call == 1, messages.count > 1 else { return nil }
            return PublishFailure(
                [
                    1: .refused(BrokerError(.resourceExhausted, "full")),
                    2: .unknown(BrokerError(.timeout, "no answer")),
                ], of: messages.count)
        }
        route.publishRetry = RetryPolicy(attempts: 1)
    }

    /// Publishes these bodies through a middleware.
    private func publish(
        _ bodies: [String] = ["a"], route: RouteConfiguration? = nil, _ publishing: @escaping Around.Publishing
    ) async throws -> (outcome: Result<PublishReceipt, any Error>, metrics: HubMetrics) {
        let configuration = HubConfiguration(
            brokers: ["fake": BrokerConfiguration("fake")], routes: ["orders": route ?? self.route])
        let environment = HubEnvironment(log: NoLog(), middlewares: [Around(publishing: publishing)])
        return try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            let messages = bodies.map { Message(Body($0)) }
            let result = await outcome {
                messages.count == 1
                    ? try await hub.publish(messages[0], to: "orders") : try await hub.publish(messages, to: "orders")
            }
            return (result, hub.metrics())
        }
    }

    private func failure(_ outcome: Result<PublishReceipt, any Error>) throws -> PublishFailure {
        try #require(throws: PublishFailure.self) { try outcome.get() }
    }

    @Test func whatIsThrownBeforeNextReachesTheCallerAndNothingIsSent() async throws {
        let (outcome, metrics) = try await publish { _, _ in throw Failing(description: "no key") }
        #expect(throws: Failing.self) { try outcome.get() }
        #expect(broker.calls.all == [])
        #expect(metrics.publishFailed == 1)
    }

    @Test func whatIsThrownAfterNextIsToldAsUnknownBecauseItIsPublished() async throws {
        let (outcome, _) = try await publish { call, next in
            _ = try await next(call)
            throw Failing(description: "no commit")
        }
        let failure = try failure(outcome)
        #expect(broker.calls.all == [["a"]])
        guard case .unknown(let error)? = failure.outcomes[0] else {
            Issue.record("\(failure)")
            return
        }
        #expect(error.sentence.contains("published, and then a middleware failed: no commit"))
    }

    @Test func nextTwicePublishesOnce() async throws {
        let (swallowed, _) = try await publish { call, next in
            let published = try await next(call)
            _ = try? await next(call)
            return published
        }
        #expect(throws: Never.self) { try swallowed.get() }
        #expect(broker.calls.all == [["a"]])
    }

    @Test func nextTwiceIsToldToTheCaller() async throws {
        let (outcome, _) = try await publish { call, next in
            _ = try await next(call)
            return try await next(call)
        }
        let sentence = try failure(outcome).first.sentence
        #expect(sentence.contains("called next again though everything was confirmed; nothing was sent again"))
        #expect(sentence.contains("queue orders has Around"))
        #expect(broker.calls.all == [["a"]])
    }

    /// A result cannot be made up, only kept; what was kept is not of this publish.
    @Test func withoutNextNothingIsCalledPublished() async throws {
        let kept = Recorder<Published>()
        var (outcome, _) = try await publish { call, next in
            kept.add(try await next(call))
            return kept.all[0]
        }
        #expect(throws: Never.self) { try outcome.get() }
        let metrics: HubMetrics
        (outcome, metrics) = try await publish { _, _ in kept.all[0] }
        let failure = try failure(outcome)
        #expect(failure.first.sentence.contains("so nothing was published"))
        #expect(failure.outcomes.count == 1)
        #expect(broker.calls.all == [["a"]])
        #expect(metrics.publishFailed == 1)
    }

    @Test func aFailureThatIsSwallowedIsToldAllTheSame() async throws {
        let kept = Recorder<Published>()
        _ = try await publish { call, next in
            kept.add(try await next(call))
            return kept.all[0]
        }
        let broken = FakeBroker { _, messages in .refused(BrokerError(.tooLarge, "large"), count: messages.count) }
        var other = PublishMiddlewareTests(broker: broken)
        other.route = route
        let (outcome, _) = try await other.publish { call, next in
            do { return try await next(call) } catch { return kept.all[0] }
        }
        #expect(try failure(outcome).first.code == .tooLarge)
    }

    private init(broker: FakeBroker) { self.broker = broker }

    @Test func nextAgainAfterAFailureSendsOnlyWhatIsNotConfirmed() async throws {
        let (outcome, _) = try await publish(["a", "b", "c", "d"]) { call, next in
            do { return try await next(call) } catch { return try await next(call) }
        }
        #expect(throws: Never.self) { try outcome.get() }
        #expect(broker.calls.all == [["a", "b", "c", "d"], ["b", "c"]])
    }

    @Test func whatMayHaveArrivedIsNotSentAgainWhereDuplicatesAreNotAccepted() async throws {
        var exact = route
        exact.acceptsDuplicates = false
        let (outcome, _) = try await publish(["a", "b", "c", "d"], route: exact) { call, next in
            do { return try await next(call) } catch { return try await next(call) }
        }
        #expect(broker.calls.all == [["a", "b", "c", "d"], ["b"]])
        #expect(try failure(outcome).outcomes == [2: .unknown(BrokerError(.timeout, "no answer"))])
    }

    @Test func anErrorOfItsOwnDoesNotHideThatSomethingMayHaveArrived() async throws {
        let (outcome, _) = try await publish(["a", "b", "c"]) { call, next in
            do { return try await next(call) } catch { throw Failing() }
        }
        #expect(try failure(outcome).outcomes.keys.sorted() == [1, 2])
    }

    @Test func whatWasRefusedCanBeToldInOtherWords() async throws {
        let other = PublishMiddlewareTests(
            broker: FakeBroker { _, messages in .refused(BrokerError(.tooLarge, "large"), count: messages.count) })
        let (outcome, _) = try await other.publish { call, next in
            do { return try await next(call) } catch { throw Failing(description: "other words") }
        }
        #expect(throws: Failing.self) { try outcome.get() }
    }

    @Test func messagesAreChangedButNotHowManyThereAre() async throws {
        let (changed, _) = try await publish(["a"]) { call, next in
            var call = call
            call.messages[0].body = "b"
            return try await next(call)
        }
        #expect(throws: Never.self) { try changed.get() }
        #expect(broker.calls.all == [["b"]])
        let (fewer, _) = try await publish(["a", "b"]) { call, next in
            var call = call
            call.messages.removeLast()
            return try await next(call)
        }
        #expect(
            throws: BrokerError(
                .invalidArgument,
                "a middleware made 1 messages of 2; it may change each, not how many there are; queue orders has Around",
                during: .publish)
        ) { try fewer.get() }
        #expect(broker.calls.count == 1)
    }

    @Test func ourCountOfCopiesCannotBeSetByAMiddleware() async throws {
        var fixture = HubFixture()
        fixture.environment.middlewares = [
            Around(publishing: { call, next in
                var call = call
                call.messages[0].headers[.attempt] = "7"
                call.messages[0].headers["tenant"] = "t"
                return try await next(call)
            })
        ]
        try fixture.route("orders")
        let seen = Recorder<Delivery>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { seen.add($0) }
            try await hub.publish(Message(), to: "orders")
            try await eventually("handled") { seen.count == 1 }
        }
        #expect(seen.all.first?.attempt == 1)
        #expect(seen.all.first?.message.headers["tenant"] == "t")
        #expect(seen.all.first?.message.headers[.attempt] == nil)
    }
}
