import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct MessageHubTests {
    @Test("S3-07 publish is delivered to subscribers")
    func publishIsDelivered() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let seen = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { seen.add($0.message) }
            try await hub.publish(Message("1", type: "order"), to: "orders")
            try await eventually("handled") { seen.count == 1 }
        }
        #expect(seen.all.map(\.body) == ["1"])
        #expect(try await fixture.depth(of: "orders") == 0)
    }

    @Test("S3-08 publishing a batch delivers n messages in order")
    func publishBatch() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") { $0.order = .perKey }
        let seen = Recorder<String>()
        try await fixture.run { hub in
            try await hub.publish((0..<500).map { Message(Body("\($0)"), key: "k") }, to: "orders")
            try await hub.subscribe(to: "orders") { seen.add($0.message.body.text ?? "") }
            try await eventually("handled") { seen.count == 500 }
        }
        #expect(seen.all == (0..<500).map { "\($0)" })
    }

    @Test("S3-09 a subscription knows its topic and can be cancelled")
    func subscriptionCanBeCancelled() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let seen = Recorder<MessageID>()
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "orders") { seen.add($0.message.id) }
            #expect(subscription.topic == "orders")
            #expect(subscription.label == "queue orders")
            #expect(subscription.state == .live)
            try await hub.publish(Message(), to: "orders")
            try await eventually("handled") { seen.count == 1 }
            await subscription.cancel()
            await subscription.cancel()
            #expect(subscription.state == .ended(nil))
            try await hub.publish(Message(), to: "orders")
            #expect(try await fixture.depth(of: "orders") == 1)
        }
        #expect(seen.count == 1)
    }

    @Test("S3-03 S3-06 connected only between the start and the end of a run")
    func isConnected() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let hub = try fixture.make()
        #expect(!hub.isConnected("memory"))
        async let run: Void = hub.run()
        try await eventually("running") { hub.isRunning }
        #expect(hub.isConnected("memory"))
        fixture.server.kill()
        try await eventually("noticed") { !hub.isConnected("memory") }
        fixture.server.start()
        try await eventually("reconnected") { hub.isConnected("memory") }
        await hub.shutdown()
        try await run
        #expect(!hub.isConnected("memory"))
    }

    @Test("S3-05 the health check throws while a broker is down")
    func healthCheck() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        try await fixture.run { hub in
            try await hub.healthCheck()
            fixture.server.kill()
            await #expect(throws: BrokerError.self) { try await hub.healthCheck() }
            fixture.server.start()
            try await eventually("healthy again") { (try? await hub.healthCheck()) != nil }
        }
    }

    @Test("S3-04 shutting down is harmless when repeated, and before a run")
    func shutdownIsIdempotent() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let early = try fixture.make()
        await early.shutdown()
        await early.shutdown()
        await #expect(throws: BrokerError.self) { try await early.run() }
        await #expect(throws: PublishFailure.self) { try await early.publish(Message(), to: "orders") }
        await #expect(throws: BrokerError.self) { try await early.subscribe(to: "orders") { _ in } }
        let hub = try fixture.make()
        async let run: Void = hub.run()
        try await eventually("running") { hub.isRunning }
        async let first: Void = hub.shutdown()
        async let second: Void = hub.shutdown()
        _ = await (first, second)
        try await run
        await hub.shutdown()
        await #expect(throws: BrokerError.self) { try await hub.run() }
    }

    @Test func aSecondRunIsRefusedWhileTheFirstGoesOn() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        try await fixture.run { hub in
            await #expect(throws: BrokerError.self) { try await hub.run() }
            try await hub.publish(Message(), to: "orders")
        }
    }

    @Test func aHubThatIsNeverRunIsHarmless() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let subscription = try await {
            let hub = try fixture.make()
            return try await hub.subscribe(to: "orders") { _ in }
        }()
        #expect(subscription.state == .waiting)
        await subscription.cancel()
        #expect(subscription.state == .ended(nil))
    }

    @Test func publishingBeforeTheRunWaitsForIt() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let hub = try fixture.make()
        async let receipt = hub.publish(Message("early"), to: "orders")
        async let run: Void = hub.run()
        _ = try await receipt
        await hub.shutdown()
        try await run
        #expect(try await fixture.depth(of: "orders") == 1)
    }

    @Test func publishingWithoutARunFailsAtItsDeadline() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") { $0.publishDeadline = .seconds(3) }
        let hub = try fixture.make()
        async let result = outcome { try await hub.publish(Message(), to: "orders") }
        try await eventually("it waits") { time.nextAlarm != nil }
        time.advance(by: .seconds(3))
        let published = await result
        let failure = #expect(throws: PublishFailure.self) { try published.get() }
        #expect(failure?.first.code == .notConnected)
    }

    @Test("S3-11 metrics count what was published, handled, failed, retried and dead-lettered")
    func metrics() async throws {
        var fixture = HubFixture()
        try fixture.route("orders") { $0.retry = RetryPolicy(attempts: 2, delay: .milliseconds(1)) }
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { if $0.message.type == "bad" { throw Failing() } }
            try await hub.publish([Message(type: "good"), Message(type: "bad")], to: "orders")
            try await eventually("settled") { hub.metrics().deadLettered == 1 && hub.metrics().handled == 1 }
            let metrics = hub.metrics()
            #expect(metrics.published == 2)
            #expect(metrics.received == 3)
            #expect(metrics.failed == 2)
            #expect(metrics.retried == 1)
        }
    }

    @Test("S3-01 one hub publishes a task to the task broker and an event to the stream broker")
    func twoBrokers() async throws {
        var configuration = HubConfiguration(
            brokers: ["tasks": BrokerConfiguration(.inMemory), "events": BrokerConfiguration(.inMemory)], routes: [:])
        configuration.routes["jobs"] = RouteConfiguration(TopicPattern("jobs"), to: "tasks", as: .queue)
        configuration.routes["log"] = RouteConfiguration(TopicPattern("log"), to: "events", as: .stream)
        let seen = Recorder<String>()
        try await withHub(configuration, brokers: [.inMemory()]) { hub in
            try await hub.subscribe(to: "jobs") { seen.add("job \($0.message.body.text ?? "")") }
            for group in ["a", "b"] {
                try await hub.subscribe(to: "log", group: GroupName(group)) {
                    seen.add("\(group) \($0.message.body.text ?? "")")
                }
            }
            try await hub.publish(Message("1"), to: "jobs")
            try await hub.publish(Message("2"), to: "log")
            try await eventually("both") { seen.count == 3 }
        }
        #expect(seen.all.sorted() == ["a 2", "b 2", "job 1"])
    }

    @Test("S3-10 a broker says its type") func brokerType() throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        #expect(try fixture.make().broker("memory")?.type == .inMemory)
    }
}
