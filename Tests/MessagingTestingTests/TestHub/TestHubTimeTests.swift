import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("A test hub's clock moves when the test says so")
struct TestHubTimeTests {
    struct Broken: Error {}

    static func configuration(_ edit: (inout RouteConfiguration) -> Void = { _ in }) -> HubConfiguration {
        var route = RouteConfiguration(TopicPattern("jobs" as Topic), to: "main", as: .queue)
        edit(&route)
        return HubConfiguration(brokers: ["main": .init(.inMemory)], routes: ["jobs": route])
    }

    @Test func aDelayedMessageComesWhenItIsDue() async throws {
        try await withTestHub(Self.configuration()) { test in
            try await test.hub.subscribe(to: "jobs") { _ in }
            var message = Message("later")
            message.notBefore = test.time.now + .seconds(60)
            try await test.publish(message, to: "jobs")
            try await test.publish(Message("now"), to: "jobs")
            #expect(test.topic("jobs").handled.map(\.message.body.text) == ["now"])
            try await test.advance(by: .seconds(59))
            try test.topic("jobs").requireHandled(1)
            try await test.advance(by: .seconds(1))
            #expect(test.topic("jobs").handled.map(\.time) == [.zero, .seconds(60)])
        }
    }

    @Test func anExpiredMessageIsNotHandled() async throws {
        try await withTestHub(Self.configuration()) { test in
            for (index, life) in [Duration.seconds(10), .seconds(20)].enumerated() {
                var message = Message(Body("\(index)"))
                message.expiration = test.time.now + life
                try await test.publish(message, to: "jobs")
            }
            try await test.advance(by: .seconds(15))
            try await test.hub.subscribe(to: "jobs") { _ in }
            try await test.settled()
            #expect(test.topic("jobs").handled.map(\.message.body.text) == ["1"])
            #expect(test.unsettledCount == 0)
        }
    }

    @Test func aPlanOfFaultsWaitsForTheClock() async throws {
        let plan = FaultPlan(seed: 1, [.slowReceive: 1], slowness: .seconds(5))
        let options = TestHubOptions(decorating: { FaultyBroker($0, plan, on: $1) })
        try await withTestHub(Self.configuration(), options: options) { test in
            try await test.hub.subscribe(to: "jobs") { _ in }
            try await test.publish(Message("late"), to: "jobs")
            try test.topic("jobs").requireHandled(0)
            try await test.advance(by: .seconds(5))
            try test.topic("jobs").requireHandled(1)
        }
    }

    @Test func aHandlerIsTimedOutByTheClock() async throws {
        let configuration = Self.configuration {
            $0.timeout = .seconds(30)
            $0.retry = RetryPolicy(attempts: 2, delay: .seconds(5))
        }
        try await withTestHub(configuration) { test in
            try await test.hub.subscribe(to: "jobs") { [time = test.time] delivery in
                if delivery.attempt == 1 { try await time.sleep(for: .seconds(3600)) }
            }
            try await test.advance(by: .seconds(7))
            try await test.publish(Message("slow"), to: "jobs")
            try await test.advance(by: .seconds(29))
            #expect(test.topic("jobs").runs.map(\.outcome) == [.running])
            try await test.advance(by: .seconds(1))
            try test.topic("jobs").requireRetried(1)
            try await test.advance(by: .seconds(5))
            let record = test.topic("jobs")
            try record.requireHandled(1)
            #expect(record.runs.map(\.time) == [.seconds(7), .seconds(42)])
        }
    }

    @Test func anOrderedRouteRunsAgainOnTheHeldDelivery() async throws {
        let configuration = Self.configuration {
            $0.order = .perKey
            $0.retry = RetryPolicy(attempts: 3, backoff: .constant, delay: .seconds(2), jitter: 0.5)
        }
        try await withTestHub(configuration) { test in
            try await test.hub.subscribe(to: "jobs") { delivery in
                if delivery.message.body.text == "0", delivery.attempt < 3 { throw Broken() }
            }
            try await test.publish((0..<3).map { Message(Body("\($0)"), key: "one") }, to: "jobs")
            try test.topic("jobs").requireRetried(1)
            try test.topic("jobs").requireHandled(0)
            try await test.advance(by: .seconds(2))
            #expect(test.topic("jobs").runs.map(\.attempt) == [1, 2])
            try await test.advance(by: .seconds(2))
            let record = test.topic("jobs")
            #expect(record.handled.map(\.message.body.text) == ["0", "1", "2"])
            #expect(record.runs.map(\.time) == [.zero, .seconds(2), .seconds(4), .seconds(4), .seconds(4)])
        }
    }

    @Test func aBackoffOfManyStepsIsMetToTheNanosecond() async throws {
        let configuration = Self.configuration {
            $0.deadLetter = .none
            $0.retry = RetryPolicy(attempts: 6, delay: .milliseconds(3), maximumDelay: .milliseconds(50), jitter: 0.3)
        }
        try await withTestHub(configuration) { test in
            try await test.hub.subscribe(to: "jobs") { _ in throw Broken() }
            try await test.publish(Message("never"), to: "jobs")
            try await test.advance(by: .milliseconds(200))
            let expected = [0, 3, 9, 21, 45, 93, 141, 189].map { Duration.milliseconds($0) }
            #expect(test.topic("jobs").runs.map(\.time) == expected)
            try test.topic("jobs").requireDeadLettered(0)
        }
    }

    @Test("The same test runs the same every time", arguments: 0..<10)
    func sameTestSameRun(seed: UInt64) async throws {
        let first = try await SeededTestRun(seed: seed).trace()
        for _ in 0..<3 {
            let again = try await SeededTestRun(seed: seed).trace()
            let difference = zip(first, again).first { $0 != $1 }
            #expect(again == first, "\(difference.map { "\($0) instead of \($1)" } ?? "another length")")
        }
        #expect(first.count > 10)
    }
}
