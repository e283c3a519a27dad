import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

/// How a sequence of deliveries ends, and where it runs.
@Suite(.timeLimit(.minutes(5))) struct DeliveriesEndTests {
    private let seen = Recorder<Body>()

    private func fixture() throws -> HubFixture {
        var fixture = HubFixture()
        try fixture.route("orders")
        return fixture
    }

    @Test func theSequenceEndsWithTheHub() async throws {
        let fixture = try fixture()
        let hub = try fixture.make()
        async let run: Void = hub.run()
        async let count = hub.deliveries(of: "orders") { deliveries in
            var count = 0
            for try await delivery in deliveries {
                try await delivery.handle { _ in }
                count += 1
            }
            return count
        }
        try await hub.publish(Message("x"), to: "orders")
        try await eventually("handled") { hub.metrics().handled == 1 }
        await hub.shutdown()
        #expect(try await count == 1)
        try await run
    }

    /// What is held then is held no more, and so not run.
    @Test func theSequenceThrowsWhatItsSubscriptionEndedWith() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            try await hub.publish(Message("x"), to: "orders")
            let result = await outcome {
                try await hub.deliveries(of: "orders", concurrency: 2) { deliveries in
                    for try await delivery in deliveries {
                        try await hub.broker("memory")?.topology?.delete(.queue("orders"))
                        let outcome = try await delivery.handle { [seen] in seen.add($0.message.body) }
                        #expect(outcome == .skipped)
                    }
                }
            }
            let error = #expect(throws: BrokerError.self) { try result.get() }
            #expect(error?.endReason == .deleted)
        }
        #expect(seen.count == 0)
    }

    @Test func inATestHubALoopIsATaskOfTheTest() async throws {
        let (fixture, marks) = (try fixture(), Recorder<Bool>())
        let middleware = Around { call, next in
            marks.add(true)
            return try await next(call)
        }
        try await withTestHub(
            fixture.configuration, brokers: [.inMemory()], options: TestHubOptions(middlewares: [middleware])
        ) { test in
            async let outcome = test.hub.deliveries(of: "orders") { deliveries -> PendingDelivery.Outcome? in
                for try await delivery in deliveries { return try await delivery.handle { _ in } }
                return nil
            }
            try await test.publish(Message("x"), to: "orders")
            #expect(try await outcome == .handled)
            try await test.settled()
            try test.topic("orders").requireHandled(1)
        }
        #expect(marks.count == 1)
    }
}
