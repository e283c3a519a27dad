import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// What becomes of a request whose middlewares do right, and wrong, however its broker answers requests.
@Suite(.timeLimit(.minutes(5))) struct RequestMiddlewareTests {
    /// The questions that were answered.
    private let asked = Recorder<String>()

    /// Asks through a middleware.
    private func ask(
        _ way: RequestWay, _ publishing: @escaping Around.Publishing
    ) async throws -> (outcome: Result<Message, any Error>, counts: RequestMetrics) {
        var fixture = HubFixture()
        fixture.environment.middlewares = [Around(publishing: publishing)]
        try fixture.route("questions")
        return try await way.run(fixture) { hub in
            try await hub.respond(to: "questions") { delivery in
                asked.add(delivery.message.body.text ?? "")
                return Message("answer")
            }
            let result = await outcome { try await hub.request(Message("question"), to: "questions") }
            #expect(hub.pendingRequests == 0)
            return (result, hub.metrics().requests)
        }
    }

    private func sentence(_ outcome: Result<Message, any Error>) throws -> String {
        try #require(throws: BrokerError.self) { try outcome.get() }.sentence
    }

    @Test(arguments: RequestWay.allCases)
    func whatIsThrownBeforeNextReachesWhoAskedAndNothingIsAsked(way: RequestWay) async throws {
        let (outcome, counts) = try await ask(way) { _, _ in throw Failing(description: "no key") }
        #expect(throws: Failing.self) { try outcome.get() }
        #expect(asked.all == [] && counts.sent == 0)
    }

    @Test(arguments: RequestWay.allCases)
    func whatIsThrownAfterNextIsToldInsteadOfTheReply(way: RequestWay) async throws {
        let (outcome, counts) = try await ask(way) { call, next in
            _ = try await next(call)
            throw Failing(description: "no commit")
        }
        let told = try sentence(outcome)
        #expect(told.contains("published, and then a middleware failed: no commit; queue questions has Around"))
        #expect(asked.all == ["question"] && counts.answered == 1)
    }

    /// A result that was kept is of another request, and so is its reply.
    @Test(arguments: RequestWay.allCases)
    func withoutNextNothingIsAnswered(way: RequestWay) async throws {
        let kept = Recorder<Published>()
        let (answered, _) = try await ask(way) { call, next in
            kept.add(try await next(call))
            return kept.all[0]
        }
        #expect(try answered.get().body == "answer")
        let (outcome, counts) = try await ask(way) { _, _ in kept.all[0] }
        #expect(try sentence(outcome).contains("returned without a result of next of this publish"))
        #expect(asked.all == ["question"] && counts.sent == 0)
    }

    @Test(arguments: RequestWay.allCases, [false, true])
    func nextTwiceAsksOnce(way: RequestWay, isSwallowed: Bool) async throws {
        let (outcome, counts) = try await ask(way) { call, next in
            let published = try await next(call)
            if isSwallowed { _ = try? await next(call) } else { _ = try await next(call) }
            return published
        }
        if isSwallowed {
            #expect(try outcome.get().body == "answer")
        } else {
            #expect(try sentence(outcome).contains("called next again though everything was confirmed"))
        }
        #expect(asked.all == ["question"] && counts.sent == 1 && counts.answered == 1)
    }

    /// The first is more than its broker carries.
    @Test(arguments: RequestWay.allCases)
    func nextAgainAfterAFailureIsARequestOfItsOwn(way: RequestWay) async throws {
        let refusals = Recorder<BrokerError.Code>()
        let (outcome, counts) = try await ask(way) { call, next in
            var large = call
            large.messages[0].body = Body([UInt8](repeating: 0, count: 2 << 20))
            do { return try await next(large) } catch let failure as PublishFailure {
                refusals.add(failure.first.code)
                return try await next(call)
            }
        }
        #expect(try outcome.get().body == "answer")
        #expect(refusals.all == [.tooLarge])
        #expect(asked.all == ["question"] && counts.sent == 2 && counts.answered == 1)
    }

    @Test func requestsGoThroughThem() async throws {
        var fixture = HubFixture()
        let events = Recorder<String>()
        fixture.environment.middlewares = [
            Around(publishing: { call, next in
                var call = call
                call.messages[0].headers["tenant"] = "t"
                events.add("asked")
                let published = try await next(call)
                events.add("answered")
                return published
            })
        ]
        try fixture.route("questions")
        try await fixture.run { hub in
            try await hub.respond(to: "questions") { delivery in
                events.add("tenant \(delivery.message.headers["tenant"] ?? "none")")
                return Message("answer")
            }
            let reply = try await hub.request(Message("question"), to: "questions")
            #expect(reply.body == "answer")
            await #expect(throws: BrokerError.self) { try await hub.request(Message(), to: "elsewhere") }
        }
        #expect(events.all == ["asked", "tenant t", "answered"])
    }

    @Test func aRequestThatIsNotAnsweredFailsAsWithoutThem() async throws {
        var fixture = HubFixture()
        fixture.environment.middlewares = [Around()]
        try fixture.route("questions", as: .pubSub)
        try await fixture.run { hub in
            let error = await #expect(throws: BrokerError.self) {
                try await hub.request(Message(), to: "questions")
            }
            #expect(error?.code == .unavailable)
        }
    }
}
