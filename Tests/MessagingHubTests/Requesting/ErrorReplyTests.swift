import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

@Suite("Requests that are given up, and replies that nobody wants", .timeLimit(.minutes(5))) struct ErrorReplyTests {
    private func fixture(
        _ kind: DestinationKind = .queue, _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> HubFixture {
        var fixture = HubFixture(logLevel: .error)
        fixture.environment.log = NoLog()
        try fixture.route("asked", as: kind) { route in
            route.retry = RetryPolicy(attempts: 2, backoff: .constant, delay: .milliseconds(1))
            edit(&route)
        }
        return fixture
    }

    private struct Number: Codable, Sendable { let number: Int }

    @Test(
        "Who asked is told why, and does not wait", arguments: RequestWay.allCases, [DestinationKind.queue, .pubSub])
    func told(way: RequestWay, kind: DestinationKind) async throws {
        try await way.run(try fixture(kind)) { hub in
            let runs = Recorder<Int32>()
            try await hub.respond(to: TypedTopic<Number>("asked")) { value, delivery -> Number in
                runs.add(delivery.attempt)
                if value.number == 1 { throw Reject("not\none\tof ours") }
                throw Failing()
            }
            func failure(_ body: Body) async -> RequestFailure? {
                await thrown { try await hub.request(Message(body), to: "asked", within: .seconds(60)) }
                    as? RequestFailure
            }
            #expect(await failure("{\"number\":1}") == RequestFailure(.rejected, "not one of ours"))
            #expect(await failure("{\"number\":2}") == RequestFailure(.exhausted, "failing on purpose"))
            #expect(await failure("{")?.reason == .undecodable)
            #expect(runs.all == (kind == .queue ? [1, 1, 2] : [1, 1]))
            // A reply is counted when it is sent, and may be read a moment before.
            try await eventually("three replies are counted") { hub.metrics().requests.replied == 3 }
        }
    }

    @Test("A route can say that failures are not told", arguments: RequestWay.allCases)
    func untold(way: RequestWay) async throws {
        let fixture = try fixture { $0.answersFailures = false }
        try await way.run(fixture) { hub in
            try await hub.respond(to: "asked") { _ in throw Failing() }
            let error = await thrown { try await hub.request(Message(), to: "asked", within: .milliseconds(300)) }
            #expect((error as? BrokerError)?.code == .timeout)
            try await eventually("dead-lettered") { hub.metrics().deadLettered == 1 }
            #expect(hub.metrics().requests.replied == 0)
        }
    }

    @Test("A run that fails and is repeated tells nothing", arguments: RequestWay.allCases)
    func repeated(way: RequestWay) async throws {
        try await way.run(try fixture()) { hub in
            try await hub.respond(to: "asked") { request in
                if request.attempt == 1 { throw Failing() }
                return Message("at last")
            }
            #expect(try await hub.request(Message(), to: "asked").body == "at last")
            try await eventually("one reply is counted") { hub.metrics().requests.replied == 1 }
        }
    }

    @Test("A reply that its broker cannot carry fails for good, and who asked is told", arguments: RequestWay.allCases)
    func tooLarge(way: RequestWay) async throws {
        try await way.run(try fixture()) { hub in
            try await hub.respond(to: "asked") { _ in Message(Body([UInt8](repeating: 0, count: 2 << 20))) }
            let error = await thrown { try await hub.request(Message(), to: "asked") }
            #expect((error as? RequestFailure)?.reason == .rejected)
            #expect(hub.metrics().deadLettered == 1)
        }
    }

    @Test(
        "A reply goes to no address that is not one, whatever a request says",
        arguments: RequestWay.allCases,
        [
            "asked", "asked.dead", "hub-reply.", "hub-reply.asked", "hub-reply.0", "", "\u{0}",
            String(repeating: "x", count: 100_000),
        ])
    func foreign(way: RequestWay, address: String) async throws {
        let fixture = try fixture()
        try await way.run(fixture) { hub in
            try await hub.respond(to: "asked") { _ in Message("an answer") }
            var request = Message("a question")
            request.replyTo = address
            if fixture.server.isRunning, (try? await hub.publish(request, to: "asked")) == nil { return }
            try await eventually("handled") { hub.metrics().handled == 1 }
            let metrics = hub.metrics()
            #expect(metrics.requests.unwanted == 1 && metrics.requests.replied == 0)
            #expect(metrics.failed == 0 && metrics.received == 1)
        }
    }

    @Test("What was only published has no reply") func published() async throws {
        try await RequestWay.byTopic.run(try fixture()) { hub in
            try await hub.respond(to: "asked") { _ in Message("for nobody") }
            try await hub.publish(Message(), to: "asked")
            try await eventually("handled") { hub.metrics().handled == 1 }
            #expect(hub.metrics().requests == RequestMetrics())
        }
    }

    @Test("Any handler can reply before it is done, and only then", arguments: RequestWay.allCases)
    func early(way: RequestWay) async throws {
        try await way.run(try fixture()) { hub in
            let (gate, wanted) = (Signal(), Recorder<Bool>())
            try await hub.subscribe(to: "asked") { delivery in
                wanted.add(try await hub.reply(Message("begun"), to: delivery.message, from: "asked"))
                await gate.waitUncancelled()
            }
            #expect(try await hub.request(Message(), to: "asked").body == "begun")
            #expect(hub.metrics().handled == 0)
            gate.fire()
            #expect(wanted.all == [true])
            let nobody = try await hub.reply(Message("?"), to: Message("a question"), from: "asked")
            #expect(!nobody)
        }
    }

    @Test("Replies from strangers on the reply topic are counted, and nothing else") func strangers() async throws {
        let fixture = try fixture()
        try await RequestWay.byTopic.run(fixture) { hub in
            let addresses = Recorder<String>()
            try await hub.respond(to: "asked") { request in
                addresses.add(request.message.replyTo ?? "")
                return Message("ours")
            }
            #expect(try await hub.request(Message(), to: "asked").body == "ours")
            let broker = InMemoryBroker(fixture.server)
            try await broker.connect { _ in }
            let topic = try Topic(addresses.all[0])
            for correlation in [nil, "", "guess", "\(CorrelationID())"] {
                var reply = Message("theirs", headers: [.replyError: "forged"])
                reply.correlationID = correlation
                try await broker.publish(reply, to: .pubSub(topic))
            }
            try await eventually("all are counted") { hub.metrics().requests.unmatched == 4 }
            #expect(try await hub.request(Message(), to: "asked").body == "ours")
            #expect(Set(addresses.all).count == 1, "one reply topic for all requests")
            #expect(hub.metrics().received == 2)
            await broker.close(within: .zero)
        }
    }

    @Test("A failure says no more than fits, in one line") func sentences() {
        let failure = RequestFailure(nil, String(repeating: "é\n", count: 5000))
        #expect(failure.sentence.utf8.count <= DeadLetter.maximumErrorBytes && !failure.sentence.contains("\n"))
        #expect("\(RequestFailure(.rejected, "no"))" == "the request was given up as rejected: no")
    }
}
