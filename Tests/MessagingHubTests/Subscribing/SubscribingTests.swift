import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct SubscribingTests {
    @Test(
        "S0-63 a pool of 4 handles 8 slow messages, at most 4 at once", arguments: DestinationKind.allCases)
    func pool(_ kind: DestinationKind) async throws {
        var fixture = HubFixture()
        try fixture.route("orders", as: kind) { $0.concurrency = 4 }
        let inFlight = Lock((now: 0, most: 0))
        let gate = Recorder<Bool>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders", group: kind == .stream ? "pool" : nil) { _ in
                inFlight.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                while gate.count == 0 { try await Task.sleep(for: .milliseconds(1)) }
                inFlight.withLock { $0.now -= 1 }
            }
            try await hub.publish((0..<8).map { _ in Message() }, to: "orders")
            try await eventually("four at once") { inFlight.withLock { $0.now } == 4 }
            try await Task.sleep(for: .milliseconds(20))
            #expect(inFlight.withLock { $0.now } == 4)
            gate.add(true)
            try await eventually("all") { hub.metrics().handled == 8 }
        }
        #expect(inFlight.withLock { $0.most } == 4)
    }

    @Test("S0-112 a handler that waits does not delay other subscriptions, nor its own neighbours")
    func slowHandler() async throws {
        var fixture = HubFixture()
        try fixture.route("slow")
        try fixture.route("quick")
        let gate = Recorder<Bool>()
        let seen = Recorder<String>()
        try await fixture.run { hub in
            for topic in ["slow", "quick"] {
                try await hub.subscribe(to: try Topic(topic)) { delivery in
                    if delivery.message.type == "wait" {
                        while gate.count == 0 { try await Task.sleep(for: .milliseconds(1)) }
                    }
                    seen.add(topic)
                }
            }
            try await hub.publish((0..<7).map { _ in Message(type: "wait") }, to: "slow")
            try await hub.publish((0..<100).map { _ in Message() }, to: "slow")
            try await hub.publish((0..<100).map { _ in Message() }, to: "quick")
            try await eventually("all but those that wait") { seen.count == 200 }
            try await eventually("they are settled") { hub.metrics().handled == 200 }
            gate.add(true)
            try await eventually("all") { seen.count == 207 }
        }
    }

    @Test("S0-113 two processes share a queue evenly, within 20 percent")
    func evenSplit() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") { $0.concurrency = 4 }
        let (left, right) = (Recorder<MessageID>(), Recorder<MessageID>())
        try await fixture.run { first in
            try await fixture.run { second in
                try await first.subscribe(to: "orders") {
                    left.add($0.message.id)
                    try await Task.sleep(for: .milliseconds(5))
                }
                try await second.subscribe(to: "orders") {
                    right.add($0.message.id)
                    try await Task.sleep(for: .milliseconds(5))
                }
                try await first.publish((0..<400).map { _ in Message() }, to: "orders")
                try await eventually("all") { left.count + right.count == 400 }
            }
        }
        #expect(abs(left.count - right.count) <= 80, "\(left.count) and \(right.count)")
        #expect(Set(left.all).isDisjoint(with: right.all))
    }

    @Test("S3-49 id, type, body, headers and timestamp arrive as they were published")
    func fields() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let seen = Recorder<Message>()
        let message = Message(
            Body([0, 255, 7]), type: "order.created", headers: ["a": "1", "b": "ü"],
            timestamp: Timestamp(milliseconds: 12))
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { seen.add($0.message) }
            try await hub.publish(message, to: "orders")
            try await eventually("handled") { seen.count == 1 }
        }
        #expect(seen.all == [message])
    }

    @Test("S3-52 trace id and correlation id travel")
    func traceAndCorrelation() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        var message = Message(headers: ["traceparent": .text(parent)])
        message.correlationID = "c-1"
        let seen = Recorder<Message>()
        try await fixture.run { [message] hub in
            try await hub.subscribe(to: "orders") { seen.add($0.message) }
            try await hub.publish(message, to: "orders")
            try await eventually("handled") { seen.count == 1 }
        }
        #expect(seen.all[0].headers["traceparent"] == parent)
        #expect(seen.all[0].correlationID == "c-1")
    }

    @Test("S3-53 an expired message is not delivered")
    func expired() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders")
        var message = Message("late")
        message.expiration = time.now + .seconds(1)
        let seen = Recorder<Body>()
        try await fixture.run { [message] hub in
            try await hub.publish(message, to: "orders")
            time.advance(by: .seconds(2))
            try await hub.publish(Message("in time"), to: "orders")
            try await hub.subscribe(to: "orders") { seen.add($0.message.body) }
            try await eventually("handled") { hub.metrics().handled == 1 }
        }
        #expect(seen.all == ["in time"])
    }

    @Test func aPatternReceivesFromEveryTopicOfItsRoute() async throws {
        var fixture = HubFixture()
        try fixture.route("events.#", as: .pubSub)
        let seen = Recorder<String>()
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: try TopicPattern("events.*.done", style: .amqp)) {
                seen.add($0.topic?.name ?? "none")
            }
            #expect(subscription.topic == nil)
            for topic in ["events.a.done", "events.b.begun", "events.c.done"] {
                try await hub.publish(Message(), to: try Topic(topic))
            }
            try await eventually("both") { seen.count == 2 }
        }
        #expect(seen.all.sorted() == ["events.a.done", "events.c.done"])
    }

    @Test func topicsUnderAWildcardAreDeclaredWhenTheyAreUsedFirst() async throws {
        var fixture = HubFixture()
        try fixture.route("jobs.*")
        let seen = Recorder<Body>()
        try await fixture.run { hub in
            try await hub.publish(Message("1"), to: "jobs.a")
            try await hub.subscribe(to: "jobs.b") { seen.add($0.message.body) }
            try await hub.subscribe(to: "jobs.a") { seen.add($0.message.body) }
            try await hub.publish(Message("2"), to: "jobs.b")
            try await eventually("both") { seen.count == 2 }
        }
        #expect(Set(seen.all) == ["1", "2"])
    }

    @Test func whatNoRouteMatchesIsRefusedByName() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        try await fixture.run { hub in
            let error = await #expect(throws: BrokerError.self) { try await hub.subscribe(to: "bills") { _ in } }
            #expect(error?.code == .noSuchDestination)
            #expect(error?.sentence.contains("bills") == true)
            let failure = await #expect(throws: PublishFailure.self) { try await hub.publish(Message(), to: "bills") }
            #expect(failure?.first.code == .noSuchDestination)
            await #expect(throws: PublishFailure.self) { try await hub.publish(Message(), to: "white space") }
            await #expect(throws: BrokerError.self) { try await hub.subscribe(to: "a..b") { _ in } }
            await #expect(throws: BrokerError.self) { try await hub.subscribe(to: "orders", group: "g") { _ in } }
        }
    }

    @Test func whatAHandlerSendsOnIsPartOfItsSettlement() async throws {
        var configuration = HubConfiguration(
            brokers: ["near": BrokerConfiguration(.inMemory), "far": BrokerConfiguration(.inMemory)], routes: [:])
        configuration.routes["in"] = RouteConfiguration(TopicPattern("in"), to: "near", as: .queue)
        configuration.routes["out"] = RouteConfiguration(TopicPattern("out"), to: "near", as: .queue)
        configuration.routes["abroad"] = RouteConfiguration(TopicPattern("abroad"), to: "far", as: .stream)
        let seen = Recorder<String>()
        try await withHub(configuration, brokers: [.inMemory()]) { hub in
            try await hub.subscribe(to: "out") { seen.add("out \($0.message.body.text ?? "")") }
            try await hub.subscribe(to: "abroad", group: "g") { seen.add("abroad \($0.message.body.text ?? "")") }
            try await hub.subscribe(forwardingFrom: "in") { delivery in
                [
                    ForwardedMessage(Message(delivery.message.body), to: "out"),
                    ForwardedMessage(Message(delivery.message.body), to: "abroad"),
                ]
            }
            for number in 0..<50 { try await hub.publish(Message(Body("\(number)")), to: "in") }
            try await eventually("all") { seen.count == 100 && hub.metrics().handled == 150 }
        }
        #expect(Set(seen.all).count == 100)
    }

    @Test func whatCannotBeSentOnIsAFailedRun() async throws {
        var fixture = HubFixture()
        try fixture.route("in")
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "in.dead") { letters.add($0.message) }
            try await hub.subscribe(forwardingFrom: "in") { _ in
                [ForwardedMessage(Message(Body([UInt8](repeating: 0, count: 2 << 20))), to: "in")]
            }
            try await hub.publish(Message("x"), to: "in")
            try await eventually("the dead letter") { letters.count == 1 }
        }
        #expect(letters.all[0].body == "x")
        #expect(letters.all[0].headers[.deadLetterReason] == "rejected")
    }

    @Test func subscribingBeforeTheRunGoesLiveWithIt() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let hub = try fixture.make()
        let seen = Recorder<MessageID>()
        let subscription = try await hub.subscribe(to: "orders") { seen.add($0.message.id) }
        #expect(subscription.state == .waiting)
        async let run: Void = hub.run()
        try await hub.publish(Message(), to: "orders")
        try await eventually("handled") { seen.count == 1 }
        await hub.shutdown()
        try await run
        #expect(subscription.state == .ended(nil))
    }

    @Test func onlyTheConfiguredGroupOfAStreamNeedsNoName() async throws {
        var fixture = HubFixture()
        try fixture.route("log", as: .stream) { $0.groups = ["billing": .init()] }
        try fixture.route("other", as: .stream)
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "log") { _ in }
            #expect(subscription.label.contains("billing"))
            await #expect(throws: BrokerError.self) { try await hub.subscribe(to: "other") { _ in } }
        }
    }
}
