import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// A budget of retries in a hub on a virtual clock.
@Suite(.timeLimit(.minutes(5))) struct RetryAllowanceTests {
    private let time = VirtualTime()

    private func fixture(_ edit: (inout RouteConfiguration) -> Void = { _ in }) throws -> HubFixture {
        var fixture = HubFixture(time: time, logLevel: .info)
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 5, backoff: .constant, delay: .seconds(1))
            $0.retryBudget = 2
            edit(&$0)
        }
        return fixture
    }

    @Test func whereOrderIsKeptTheKeyGoesOnBehindWhatIsGivenUp() async throws {
        let fixture = try fixture { $0.order = .perKey }
        let (runs, letters) = (Recorder<String>(), Recorder<Message>())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { delivery in
                runs.add("\(delivery.message.body.text ?? "").\(delivery.attempt)")
                if delivery.message.body == "0" { throw Failing() }
            }
            try await hub.publish((0..<3).map { Message(Body("\($0)"), key: "k") }, to: "orders")
            try await advancing(time, until: "all") { runs.count == 5 && letters.count == 1 }
        }
        #expect(runs.all == ["0.1", "0.2", "0.3", "1.1", "2.1"])
        #expect(letters.all[0].headers[.deadLetterReason] == "over-budget")
        #expect(letters.all[0].headers[.deadLetterAttempt] == "3")
    }

    @Test func whereNobodyTakesDeadLettersItIsKeptAndComesAgainAtTheLongestDelay() async throws {
        let fixture = try fixture {
            $0.deadLetter = .none
            $0.retry = RetryPolicy(attempts: 5, delay: .seconds(1), maximumDelay: .seconds(8))
        }
        let runs = Recorder<Duration>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders", concurrency: 1) { _ in
                if runs.add(time.uptime) < 5 { throw Failing() }
            }
            try await hub.publish(Message(), to: "orders")
            try await advancing(time, until: "handled") { hub.metrics().handled == 1 }
            #expect(hub.metrics().deadLettered == 0)
            #expect(await hub.health().alarms.isEmpty)
        }
        let gaps = zip(runs.all.dropFirst(), runs.all).map { $0 - $1 }
        try #require(gaps.count == 4)
        #expect(gaps[0] < .seconds(2) && gaps[1] < .seconds(3))
        #expect(gaps[2] >= .seconds(8) && gaps[3] >= .seconds(8), "\(gaps)")
        #expect(fixture.log.records(of: "message kept").count == 1)
    }

    @Test func whereTheBrokerDeadLettersItIsDiscarded() async throws {
        let fixture = try fixture {
            $0.deadLetter = .broker("failed")
            $0.retryBudget = 1
        }
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "failed") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { if $0.attempt == 1 { throw Failing() } }
            try await hub.publish((0..<3).map { _ in Message() }, to: "orders")
            try await advancing(time, until: "all") { letters.count == 2 && hub.metrics().retried == 1 }
        }
    }

    @Test func whatIsRejectedSpendsNothingAndEachChangeIsSaidOnce() async throws {
        var fixture = try fixture()
        let metrics = MetricsCollector()
        fixture.environment.metrics = metrics
        fixture.environment.sinks.isInline = true
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders", concurrency: 1) { delivery in
                if delivery.message.type == "rejected" { throw Reject("no") }
                if delivery.attempt == 1 { throw Failing() }
            }
            try await hub.publish((0..<10).map { _ in Message(type: "rejected") }, to: "orders")
            try await eventually("rejected") { hub.metrics().deadLettered == 10 }
            #expect(hub.metrics().retried == 0)
            try await hub.publish((0..<6).map { _ in Message() }, to: "orders")
            try await eventually("spent") { hub.metrics().deadLettered == 14 }
            time.advance(by: .seconds(61))
            try await hub.publish(Message(), to: "orders")
            try await advancing(time, until: "refilled") { hub.metrics().handled == 3 }
        }
        #expect(fixture.log.records(of: "retry budget spent").count == 1)
        #expect(fixture.log.records(of: "retry budget refilled").count == 1)
        #expect(metrics.values(of: "hub.retry.budget") == [2, 1, 0, 0, 0, 0, 0, 1])
    }

    /// Two groups of one route, and a hub beside theirs: what one of them spends is missed by none of the others.
    @Test func eachSubscriptionOfEachProcessHasItsOwn() async throws {
        var fixture = HubFixture(time: time)
        try fixture.route("orders", as: .stream) {
            $0.groups = ["a": .init(), "b": .init(), "c": .init()]
            $0.retry = RetryPolicy(attempts: 5, backoff: .constant, delay: .seconds(1))
            $0.retryBudget = 2
        }
        let (runs, letters) = (Recorder<String>(), Recorder<Message>())
        @Sendable func run(_ group: GroupName, _ delivery: Delivery) {
            runs.add("\(group) \(delivery.message.body.text ?? "").\(delivery.attempt)")
        }
        @Sendable func once(_ group: GroupName, _ delivery: Delivery) throws {
            run(group, delivery)
            if delivery.message.body != "0" && delivery.attempt == 1 { throw Failing() }
        }
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders", group: "a", concurrency: 1) { delivery in
                run("a", delivery)
                throw Failing()
            }
            try await hub.subscribe(to: "orders", group: "b", concurrency: 1) { try once("b", $0) }
            try await fixture.run { beside in
                try await beside.subscribe(to: "orders", group: "c", concurrency: 1) { try once("c", $0) }
                try await hub.publish(Message("0"), to: "orders")
                try await advancing(time, until: "a has spent its own") { letters.count == 1 }
                try await hub.publish([Message("1"), Message("2")], to: "orders")
                try await advancing(time, until: "b and c have spent theirs") {
                    hub.metrics().handled == 6 && hub.metrics().deadLettered == 3 && beside.metrics().handled == 3
                }
                #expect(hub.metrics().retried == 4 && beside.metrics().retried == 2)
                #expect(beside.metrics().deadLettered == 0)
            }
        }
        #expect(time.uptime < .seconds(60))
        func all(of group: GroupName) -> [String] { runs.all.filter { $0.hasPrefix("\(group) ") }.sorted() }
        #expect(all(of: "a") == ["a 0.1", "a 0.2", "a 0.3", "a 1.1", "a 2.1"])
        for group in ["b", "c"] as [GroupName] {
            #expect(all(of: group) == ["0.1", "1.1", "1.2", "2.1", "2.2"].map { "\(group) \($0)" })
        }
        #expect(letters.all.allSatisfy { $0.headers[.deadLetterReason] == "over-budget" })
        #expect(fixture.log.records(of: "retry budget spent").count == 1)
    }

    /// The message of another type, with a policy of its own, finds nothing left.
    @Test func itIsOneForAllTypesOfItsMessages() async throws {
        let fixture = try fixture { $0.retryByType = ["other": RetryPolicy(attempts: 9, delay: .seconds(1))] }
        let (runs, letters) = (Recorder<String>(), Recorder<Message>())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders", concurrency: 1) { delivery in
                runs.add("\(delivery.message.type).\(delivery.attempt)")
                throw Failing()
            }
            try await hub.publish(Message(type: "one"), to: "orders")
            try await advancing(time, until: "spent") { letters.count == 1 }
            try await hub.publish(Message(type: "other"), to: "orders")
            try await eventually("over it at once") { letters.count == 2 }
        }
        #expect(runs.all == ["one.1", "one.2", "one.3", "other.1"])
        #expect(letters.all.map { $0.headers[.deadLetterReason] } == ["over-budget", "over-budget"])
    }

    @Test func nothingIsSpentForWhatCannotBeReadOrWhileACircuitIsOpen() async throws {
        let fixture = try fixture { $0.breaker = CircuitBreakerPolicy(failures: 1, reset: .seconds(20)) }
        let mended = Recorder<Bool>()
        try await fixture.run { hub in
            let orders = try await hub.subscribe(to: TypedTopic<Int>("orders"), concurrency: 1) { _, _ in
                if mended.count == 0 { throw Failing() }
            }
            try await hub.publish((0..<3).map { _ in Message("no number") }, to: "orders")
            try await eventually("what cannot be read is given up") { hub.metrics().deadLettered == 3 }
            try await hub.publish((0..<5).map { Message(Body("\($0)")) }, to: "orders")
            try await advancing(time, until: "a probe has failed") { hub.metrics().retried == 2 }
            mended.add(true)
            try await advancing(time, until: "all") { hub.metrics().handled == 5 && orders.circuit == .closed }
            #expect(hub.metrics().retried == 2 && hub.metrics().deadLettered == 3)
        }
        #expect(time.uptime >= .seconds(40) && time.uptime < .seconds(60))
    }
}
