import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

/// How the broker of a test answers requests.
enum RequestWay: String, CaseIterable, Sendable {
    case native, byTopic

    /// A hub on the fixture's server, over a broker that answers so.
    func run<Result: Sendable>(
        _ fixture: HubFixture, _ body: (MessageHub) async throws -> Result
    ) async throws -> Result {
        let memory = BrokerFactory.inMemory(fixture.server)
        let factory = BrokerFactory(.inMemory) { (name, values, environment) throws(BrokerError) in
            let broker = try memory.make(name, values, environment)
            return self == .native ? broker : WithoutRequests(broker)
        }
        return try await withHub(
            fixture.configuration, brokers: [factory], environment: fixture.environment, body)
    }
}

/// What a call threw; nil when it returned.
func thrown(_ body: () async throws -> some Sendable) async -> (any Error)? {
    do { _ = try await body() } catch { return error }
    return nil
}

@Suite("Requests and replies over the hub", .timeLimit(.minutes(5))) struct RequestTests {
    private struct Question: Codable, Sendable { let number: Int }
    private struct Answer: Codable, Sendable, Equatable { let square: Int }

    private func fixture(
        on time: any TimeSource = SystemTime.shared, _ kind: DestinationKind = .queue,
        _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> HubFixture {
        var fixture = HubFixture(time: time)
        try fixture.route("squares", as: kind) { route in
            if kind == .stream { route.groups = ["readers": .init()] }
            edit(&route)
        }
        return fixture
    }

    @Test(
        "S4-13 Two concurrent requests get their own answers, as values", arguments: RequestWay.allCases,
        DestinationKind.allCases)
    func values(way: RequestWay, kind: DestinationKind) async throws {
        try await way.run(try fixture(kind)) { hub in
            let squares = TypedTopic<Question>("squares")
            try await hub.respond(to: squares) { question, _ in
                if question.number == 3 { try await Task.sleep(for: .milliseconds(20)) }
                return Answer(square: question.number * question.number)
            }
            async let three = hub.request(Question(number: 3), to: squares, as: Answer.self)
            async let four = hub.request(Question(number: 4), to: squares, as: Answer.self)
            #expect(try await (three, four) == (Answer(square: 9), Answer(square: 16)))
            // A reply is counted once it is sent, which its requester may be before.
            try await eventually("both replies are counted") { hub.metrics().requests.replied == 2 }
            let counts = hub.metrics().requests
            #expect(counts.sent == 2 && counts.answered == 2 && hub.pendingRequests == 0)
        }
    }

    @Test("A reply carries the request's correlation id and no address of its own", arguments: RequestWay.allCases)
    func echo(way: RequestWay) async throws {
        try await way.run(try fixture()) { hub in
            let seen = Recorder<Message>()
            try await hub.respond(to: "squares") { request in
                seen.add(request.message)
                return request.message
            }
            var question = Message("four", type: "question", headers: ["Tenant": "a", .replyError: "forged"])
            question.correlationID = "mine"
            let reply = try await hub.request(question, to: "squares")
            #expect(reply.body == "four" && reply.type == "question" && reply.headers["Tenant"] == "a")
            #expect(reply.replyTo == nil && reply.headers[.replyError] == nil)
            let request = try #require(seen.all.first)
            #expect(request.correlationID?.utf8.count == 32 && request.correlationID == reply.correlationID)
        }
    }

    @Test("A time-out is met exactly, and leaves its slot", arguments: RequestWay.allCases)
    func timeout(way: RequestWay) async throws {
        let time = VirtualTime()
        try await way.run(try fixture(on: time)) { hub in
            let gate = Signal()
            try await hub.respond(to: "squares") { _ in
                await gate.waitUncancelled()
                return Message("late")
            }
            let start = time.uptime
            async let error = thrown { try await hub.request(Message(), to: "squares", within: .seconds(7)) }
            try await eventually("it waits") { hub.metrics().received == 1 }
            time.advance(by: .seconds(7) - .nanoseconds(1))
            for _ in 0..<50 { await Task.yield() }
            #expect(hub.pendingRequests == 1)
            time.advance(by: .nanoseconds(1))
            #expect((await error as? BrokerError)?.code == .timeout)
            #expect(time.uptime - start == .seconds(7))
            #expect(hub.pendingRequests == 0 && hub.metrics().requests.timedOut == 1)
            gate.fire()
            // Natively the address is gone; on the topic nobody is named by the reply.
            try await eventually("the late reply is counted") {
                let counts = hub.metrics().requests
                return counts.unwanted + counts.unmatched == 1
            }
            #expect(hub.metrics().failed == 0)
        }
    }

    @Test("A reply that cannot be read is a failed run of who asked, and no more", arguments: RequestWay.allCases)
    func unreadable(way: RequestWay) async throws {
        var fixture = try fixture()
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 3, backoff: .constant, delay: .milliseconds(1))
        }
        let runs = Recorder<Int32>()
        try await way.run(fixture) { hub in
            try await hub.respond(to: "squares") { _ in Message("no JSON") }
            try await hub.subscribe(to: "orders") { delivery in
                runs.add(delivery.attempt)
                let squares = TypedTopic<Question>("squares")
                _ = try await hub.request(Question(number: 1), to: squares, as: Answer.self)
            }
            try await hub.publish(Message(), to: "orders")
            try await eventually("given up") { hub.metrics().deadLettered == 1 }
        }
        #expect(runs.all == [1, 2, 3])
    }

    @Test("A request without time is not sent") func noTime() async throws {
        try await RequestWay.native.run(try fixture()) { hub in
            for limit in [Duration.zero, .seconds(-1), .seconds(Int64.min / 2)] {
                let error = await thrown { try await hub.request(Message(), to: "squares", within: limit) }
                #expect((error as? BrokerError)?.code == .timeout)
            }
            #expect(hub.metrics().requests.sent == 0)
        }
    }

    @Test("A request to nobody fails at once where the broker can tell") func nobody() async throws {
        let time = VirtualTime()
        try await RequestWay.native.run(try fixture(on: time)) { hub in
            let error = await thrown { try await hub.request(Message(), to: "squares", within: .seconds(3600)) }
            #expect((error as? BrokerError)?.code == .unavailable)
            let unknown = await thrown { try await hub.request(Message(), to: "elsewhere") }
            #expect((unknown as? BrokerError)?.code == .noSuchDestination)
        }
    }

    @Test("Only so many requests wait; one that is cancelled leaves its slot", arguments: RequestWay.allCases)
    func bounded(way: RequestWay) async throws {
        var fixture = try fixture { $0.window = 10 }
        fixture.configuration.requests.maximumPending = 2
        try await way.run(fixture) { hub in
            try await hub.subscribe(to: "squares") { _ in }
            func ask() -> Task<(any Error)?, Never> {
                Task { await thrown { try await hub.request(Message(), to: "squares") } }
            }
            let first = [ask(), ask()]
            try await eventually("two wait") { hub.metrics().handled == 2 }
            let refused = await ask().value as? BrokerError
            #expect(refused?.code == .resourceExhausted)
            #expect(refused?.sentence.contains("2 requests wait") == true)
            first[0].cancel()
            #expect(await first[0].value is CancellationError)
            let next = ask()
            try await eventually("another waits") { hub.metrics().handled == 3 }
            #expect(hub.pendingRequests == 2)
            for task in first + [next] { task.cancel() }
            for task in first + [next] { #expect(await task.value is CancellationError) }
            #expect(hub.pendingRequests == 0)
        }
    }

    @Test("A hub that is shut down ends the requests that wait", arguments: RequestWay.allCases)
    func shutdown(way: RequestWay) async throws {
        var asking: Task<(any Error)?, Never>?
        try await way.run(try fixture()) { hub in
            try await hub.subscribe(to: "squares") { _ in }
            asking = Task { await thrown { try await hub.request(Message(), to: "squares", within: .seconds(3600)) } }
            try await eventually("it waits") { hub.metrics().handled == 1 }
        }
        let error = await asking?.value as? BrokerError
        #expect(error?.endReason == .closed)
        #expect(error?.sentence.contains("shut down") == true)
    }

    @Test("A hub that shuts down lets a handler in flight have its reply", arguments: RequestWay.allCases)
    func shutdownWaits(way: RequestWay) async throws {
        var fixture = try fixture()
        try fixture.route("orders")
        let (answering, served) = (fixture, Recorder<Body>())
        let gate = Signal()
        try await way.run(answering) { responder in
            try await responder.respond(to: "squares") { _ in
                await gate.waitUncancelled()
                return Message("sixteen")
            }
            try await way.run(answering) { hub in
                let subscription = try await hub.subscribe(to: "orders") { _ in
                    served.add(try await hub.request(Message("four"), to: "squares").body)
                }
                try await hub.publish(Message(), to: "orders")
                try await eventually("it asks") { responder.metrics().received == 1 }
                async let end: Void = hub.shutdown()
                try await eventually("it shuts down") { subscription.state == .ending }
                gate.fire()
                await end
                #expect(hub.metrics().handled == 1 && hub.metrics().failed == 0)
            }
        }
        #expect(served.all == ["sixteen"])
    }

    @Test("Before a hub runs a request waits for it; after its end it is refused") func phases() async throws {
        let fixture = try fixture()
        let hub = try fixture.make()
        let early = await thrown { try await hub.request(Message(), to: "squares", within: .milliseconds(20)) }
        #expect((early as? BrokerError)?.code == .notConnected)
        await hub.shutdown()
        let late = await thrown { try await hub.request(Message(), to: "squares") }
        #expect((late as? BrokerError)?.endReason == .closed)
    }

    @Test("After an outage requests are answered again", arguments: RequestWay.allCases)
    func outage(way: RequestWay) async throws {
        let fixture = try fixture()
        try await way.run(fixture) { hub in
            try await hub.respond(to: "squares") { _ in Message("a") }
            #expect(try await hub.request(Message("q"), to: "squares").body == "a")
            fixture.server.kill()
            fixture.server.start()
            try await eventually("answered") {
                let answer = await thrown {
                    try await hub.request(Message("q"), to: "squares", within: .milliseconds(200))
                }
                return answer == nil
            }
        }
    }
}
