import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

/// Handlers behind a circuit breaker, in a hub on a virtual clock.
@Suite(.timeLimit(.minutes(5))) struct HandlerBreakerTests {
    private let time = VirtualTime()
    private let mended = Recorder<Bool>()
    private let runs = Recorder<String>()

    private func fixture(_ edit: (inout RouteConfiguration) -> Void) throws -> HubFixture {
        var fixture = HubFixture(time: time, logLevel: .info)
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: 1000, backoff: .constant, delay: .seconds(1))
            $0.breaker = CircuitBreakerPolicy(failures: 1, reset: .seconds(20))
            edit(&$0)
        }
        try fixture.route("sentinel")
        return fixture
    }

    private func handle(_ delivery: Delivery) async throws {
        runs.add("\(delivery.message.body.text ?? "").\(delivery.attempt)")
        if mended.count == 0 { throw Failing() }
    }

    @Test func anOpenOneReceivesNothingNotEvenWithAReceiveThatWaitedAlready() async throws {
        let fixture = try fixture { _ in }
        try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub)
            let (warm, door) = (Recorder<Bool>(), Observed(false))
            let orders = try await hub.subscribe(to: "orders") { delivery in
                if delivery.message.body == "warm" {
                    warm.add(true)
                    return
                }
                if runs.count == 0 { _ = await door.first(within: .seconds(60)) { $0 } }
                try await handle(delivery)
            }
            try await hub.publish(Message("a"), to: "orders")
            try await hub.publish(Message("warm"), to: "orders")
            try await eventually("a receive beside the run") { warm.count == 1 }
            try await sentinel.pass(.milliseconds(80), on: time)
            door.change { $0 = true }
            try await eventually("open") { orders.circuit == .open }
            try await eventually("it went back") { try await fixture.held(in: "orders") == 0 }
            try await sentinel.pass(.seconds(1), on: time)
            try await hub.publish((0..<9).map { _ in Message("b") }, to: "orders")
            try await sentinel.pass(.seconds(15), on: time)
            #expect(try await fixture.held(in: "orders") == 0)
            #expect(try await fixture.depth(of: "orders") == 10)
            mended.add(true)
            try await advancing(time, until: "all") { runs.count == 11 }
        }
        #expect(runs.all.filter { $0.hasPrefix("b") } == Array(repeating: "b.1", count: 9))
        #expect(try await fixture.depth(of: "orders") == 0)
    }

    @Test func whatIsHeldWaitsUnstartedAndKeepsItsOrderAndItsAttempt() async throws {
        let fixture = try fixture { $0.order = .perKey }
        try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub)
            try await hub.publish((0..<10).map { Message(Body("\($0)"), key: "k") }, to: "orders")
            let orders = try await hub.subscribe(to: "orders", handle)
            try await eventually("open") { orders.circuit == .open }
            for round in 1...3 {
                try await sentinel.pass(.seconds(15), on: time)
                #expect(runs.all == (1...round).map { "0.\($0)" })
                #expect(try await fixture.held(in: "orders") == 10)
                #expect(orders.state == .live)
                try await advancing(time, until: "a probe") { runs.count == round + 1 }
                try await eventually("open anew") { orders.circuit == .open }
            }
            mended.add(true)
            try await advancing(time, until: "all") { runs.count == 14 }
        }
        #expect(runs.all == (1...5).map { "0.\($0)" } + (1..<10).map { "\($0).1" })
    }

    @Test func whereMaxHoldComesNearTheSubscriptionPausesAndNoAttemptIsCharged() async throws {
        let fixture = try fixture {
            $0.order = .perKey
            $0.maxHold = .seconds(50)
            $0.retry.attempts = 3
            $0.breaker = CircuitBreakerPolicy(failures: 1, reset: .seconds(60))
        }
        try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub)
            try await hub.publish((0..<10).map { Message(Body("\($0)"), key: "\($0)") }, to: "orders")
            let orders = try await hub.subscribe(to: "orders", concurrency: 1, handle)
            try await eventually("open") { orders.circuit == .open }
            try await sentinel.pass(.seconds(44), on: time)
            #expect(try await fixture.held(in: "orders") == 10)
            try await advancing(time, until: "paused") { orders.state == .paused }
            try await eventually("given back") { try await fixture.held(in: "orders") == 0 }
            #expect(time.uptime >= .seconds(45) && time.uptime < .seconds(50))
            mended.add(true)
            try await advancing(time, until: "all") { runs.count == 11 }
        }
        #expect(runs.all.dropFirst().allSatisfy { $0.hasSuffix(".1") || $0.hasSuffix("0.2") })
        #expect(fixture.log.records(of: "subscription paused").count == 1)
        #expect(fixture.log.records(of: "subscription paused").first?["why"]?.contains("max-hold") == true)
    }

    @Test func aShutdownDoesNotWaitForIt() async throws {
        let fixture = try fixture { $0.order = .perKey }
        let began = ContinuousClock.now
        try await fixture.run { hub in
            try await hub.publish((0..<10).map { Message(Body("\($0)"), key: "\($0)") }, to: "orders")
            let orders = try await hub.subscribe(to: "orders", handle)
            try await eventually("open") { orders.circuit == .open }
        }
        #expect(ContinuousClock.now - began < .seconds(30))
        #expect(try await fixture.depth(of: "orders") == 10)
        #expect(try await fixture.held(in: "orders") == 0)
    }

    @Test func aRunThatTakesTooLongIsAFailure() async throws {
        let fixture = try fixture {
            $0.timeout = .seconds(5)
            $0.breaker = CircuitBreakerPolicy(failures: 2, reset: .seconds(600))
        }
        try await fixture.run { hub in
            let orders = try await hub.subscribe(to: "orders", concurrency: 1) { _ in
                runs.add("")
                try await time.sleep(for: .seconds(3600))
            }
            try await hub.publish((0..<5).map { _ in Message() }, to: "orders")
            try await advancing(time, until: "open") { orders.circuit == .open }
        }
        #expect(runs.count == 2)
    }

    @Test func messagesThatAreRejectedOrCannotBeReadSayNothingOfTheHandler() async throws {
        let fixture = try fixture { _ in }
        try await fixture.run { hub in
            let orders = try await hub.subscribe(to: "orders") { _ in throw Reject("not for me") }
            try await hub.publish((0..<20).map { _ in Message() }, to: "orders")
            try await eventually("all given up") { hub.metrics().deadLettered == 20 }
            #expect(orders.circuit == .closed)
        }
        #expect(HandlerBreaker.result(of: .undecodable) == .ignored)
        #expect(HandlerBreaker.result(of: .interrupted) == .ignored)
        #expect(HandlerBreaker.result(of: .timedOut) == .failure)
    }

    @Test(arguments: [DestinationKind.stream, .pubSub]) func onTheOtherKindsToo(kind: DestinationKind) async throws {
        var fixture = HubFixture(time: time)
        try fixture.route("orders", as: kind) {
            $0.retry = RetryPolicy(attempts: 1000, backoff: .constant, delay: .seconds(1))
            $0.breaker = CircuitBreakerPolicy(failures: 2, reset: .seconds(20))
        }
        try fixture.route("sentinel")
        try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub)
            let group: GroupName? = kind == .stream ? "g" : nil
            let orders = try await hub.subscribe(to: "orders", group: group, concurrency: 1, handle)
            try await hub.publish((0..<6).map { Message(Body("\($0)")) }, to: "orders")
            try await eventually("open") { orders.circuit == .open }
            try await sentinel.pass(.seconds(19), on: time)
            #expect(runs.count == 2)
            mended.add(true)
            let left = kind == .stream ? 8 : 6
            try await advancing(time, until: "the rest") { runs.count == left && orders.circuit == .closed }
        }
    }

    /// Two groups of one route, with one handler that fails.
    @Test func eachSubscriptionHasItsOwnAndOneThatIsOpenKeepsNothingFromAnother() async throws {
        var fixture = HubFixture(time: time, logLevel: .info)
        try fixture.route("orders", as: .stream) {
            $0.groups = ["a": .init(), "b": .init()]
            $0.retry = RetryPolicy(attempts: 1000, backoff: .constant, delay: .seconds(1))
            $0.breaker = CircuitBreakerPolicy(failures: 1, reset: .seconds(20))
        }
        let handled = Recorder<String>()
        try await fixture.run { hub in
            let a = try await hub.subscribe(to: "orders", group: "a", concurrency: 1, handle)
            let b = try await hub.subscribe(to: "orders", group: "b", concurrency: 1) { delivery in
                handled.add("\(delivery.message.body.text ?? "").\(delivery.attempt)")
            }
            for round in 1...3 {
                try await hub.publish((0..<3).map { Message(Body("\(round)\($0)")) }, to: "orders")
                try await eventually("a is open") { a.circuit == .open }
                #expect(b.circuit == .closed)
                try await eventually("b handles everything") { handled.count == round * 3 }
                #expect(a.circuit == .open && b.circuit == .closed)
                #expect(runs.all == ["10.1"])
            }
            mended.add(true)
            try await advancing(time, until: "a as well") { runs.count == 10 && a.circuit == .closed }
        }
        #expect(handled.all == (1...3).flatMap { round in (0..<3).map { "\(round)\($0).1" } })
        #expect(Set(runs.all.dropFirst()) == Set(handled.all).subtracting(["10.1"]).union(["10.2"]))
        for message in ["circuit opened", "circuit half open", "circuit closed"] {
            #expect(fixture.log.records(of: message).count == 1, "\(message)")
        }
    }

    @Test func inATestHubItStandsStillUntilTheClockMoves() async throws {
        let fixture = try fixture { $0.breaker = CircuitBreakerPolicy(failures: 2, reset: .seconds(20)) }
        try await withTestHub(fixture.configuration, brokers: [.inMemory()]) { test in
            let orders = try await test.hub.subscribe(to: "orders", concurrency: 1, handle)
            try await test.publish((0..<5).map { Message(Body("\($0)")) }, to: "orders")
            #expect(orders.circuit == .open)
            try await test.advance(by: .seconds(19))
            #expect(runs.all == ["0.1", "1.1"])
            mended.add(true)
            try await test.advance(by: .seconds(10))
            #expect(orders.circuit == .closed)
            #expect(test.topic("orders").handled.count == 5)
        }
    }

    @Test func eachChangeIsLoggedAndMeasuredOnce() async throws {
        var fixture = try fixture { _ in }
        let metrics = MetricsCollector()
        fixture.environment.metrics = metrics
        fixture.environment.sinks.isInline = true
        try await fixture.run { hub in
            let orders = try await hub.subscribe(to: "orders", handle)
            try await hub.publish((0..<50).map { _ in Message() }, to: "orders")
            try await eventually("open") { orders.circuit == .open }
            mended.add(true)
            try await advancing(time, until: "closed, and all handled") {
                hub.metrics().handled == 50 && orders.circuit == .closed
            }
        }
        for message in ["circuit opened", "circuit half open", "circuit closed"] {
            #expect(fixture.log.records(of: message).count == 1, "\(message)")
        }
        #expect(fixture.log.records(of: "circuit opened")[0]["hub.circuit.side"] == "process")
        #expect(metrics.values(of: "hub.process.circuit") == [0, 2, 1, 0])
    }
}
