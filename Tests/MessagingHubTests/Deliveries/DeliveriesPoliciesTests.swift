import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// The policies of a route apply to what a sequence of deliveries handles, from `handle` on, as to a handler.
@Suite(.timeLimit(.minutes(5))) struct DeliveriesPoliciesTests {
    private let seen = Recorder<Body>()

    private func fixture(
        _ time: any TimeSource = SystemTime.shared, _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> HubFixture {
        var fixture = HubFixture(time: time)
        try fixture.route("orders", edit)
        return fixture
    }

    @Test func whatAHandlerThrowsIsRetriedAndThenDeadLettered() async throws {
        let (time, letters) = (VirtualTime(), Recorder<Message>())
        let fixture = try fixture(time) { $0.retry = RetryPolicy(attempts: 2, delay: .seconds(1)) }
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.publish(Message("x"), to: "orders")
            async let attempts = hub.deliveries(of: "orders") { deliveries in
                var attempts: [Int32] = []
                for try await delivery in deliveries {
                    attempts.append(delivery.attempt)
                    #expect(try await delivery.handle { _ in throw Failing(description: "no stock") } == .failed)
                    if attempts.count == 2 { break }
                }
                return attempts
            }
            try await advancing(time, until: "the dead letter") { letters.count == 1 }
            #expect(try await attempts == [1, 2])
            #expect(hub.metrics().failed == 2)
        }
        #expect(letters.all.first?.headers[.deadLetterError] == "no stock")
        #expect(letters.all.first?.headers[.deadLetterReason] == "exhausted")
    }

    /// The time-out counts from `handle` on, not from when the delivery was handed out.
    @Test func theTimeoutIsThatOfTheHandler() async throws {
        let time = VirtualTime()
        let fixture = try fixture(time) {
            $0.timeout = .seconds(5)
            $0.retry = RetryPolicy(attempts: 1)
        }
        let taken = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.publish([Message("waits"), Message("hangs")], to: "orders")
            async let outcomes = hub.deliveries(of: "orders") { deliveries in
                var outcomes: [PendingDelivery.Outcome] = []
                for try await delivery in deliveries {
                    taken.add(delivery.attempt)
                    if outcomes.isEmpty { try await time.sleep(for: .seconds(20)) }
                    let hangs = delivery.message.body == "hangs"
                    outcomes.append(
                        try await delivery.handle { _ in if hangs { try await time.sleep(for: .seconds(3600)) } })
                    if outcomes.count == 2 { break }
                }
                return outcomes
            }
            try await advancing(time, until: "dead-lettered") { hub.metrics().deadLettered == 1 }
            #expect(try await outcomes == [.handled, .failed])
            #expect(hub.metrics().failed == 1)
        }
    }

    @Test func aHandlerWhoseTaskIsCancelledIsCancelledAndItsMessageComesAgainUncounted() async throws {
        var fixture = try fixture { $0.retry = RetryPolicy(attempts: 1) }
        fixture.environment.middlewares = [
            ErrorHandlingMiddleware { Reject("final: \($0)") },
            RetryMiddleware(RetrySelection(RetryPolicy(attempts: 9, delay: .milliseconds(1)))),
        ]
        let (begun, runs) = (Signalled(), Recorder<Int32>())
        try await fixture.run { hub in
            try await hub.publish(Message("x"), to: "orders")
            let result = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                group.addTask {
                    await outcome {
                        try await hub.deliveries(of: "orders") { deliveries in
                            for try await delivery in deliveries {
                                try await delivery.handle {
                                    runs.add($0.attempt)
                                    begun.fire()
                                    do { try await Task.sleep(for: .seconds(3600)) } catch { throw Failing() }
                                }
                            }
                        }
                    }
                }
                await begun.wait()
                group.cancelAll()
                return await group.next() ?? .success(())
            }
            #expect(throws: CancellationError.self) { try result.get() }
            #expect(hub.metrics().failed == 0)
            #expect(runs.all == [1])
            let attempts = Recorder<Int32>()
            try await hub.subscribe(to: "orders") { attempts.add($0.attempt) }
            try await eventually("it comes again") { attempts.count == 1 }
            #expect(attempts.all == [1])
        }
    }

    /// An open circuit keeps `handle` waiting, and cancelling it ends that at once.
    @Test func anOpenCircuitHoldsBackAHandlerUntilItsTaskIsCancelled() async throws {
        let time = VirtualTime()
        let fixture = try fixture(time) {
            $0.breaker = CircuitBreakerPolicy(failures: 1, reset: .seconds(30))
            $0.retry = RetryPolicy(attempts: 1)
        }
        let (runs, waiting) = (Recorder<Body>(), Signalled())
        try await fixture.run { hub in
            try await hub.publish([Message("fails"), Message("waits")], to: "orders")
            let result = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                group.addTask {
                    await outcome {
                        try await hub.deliveries(of: "orders", concurrency: 2) { deliveries in
                            var taken: [PendingDelivery] = []
                            for try await delivery in deliveries {
                                taken.append(delivery)
                                if taken.count == 2 { break }
                            }
                            for delivery in taken {
                                if delivery === taken[1] { waiting.fire() }
                                try await delivery.handle {
                                    runs.add($0.message.body)
                                    throw Failing()
                                }
                            }
                        }
                    }
                }
                await waiting.wait()
                for _ in 0..<50 { await Task.yield() }
                group.cancelAll()
                return await group.next() ?? .success(())
            }
            #expect(throws: CancellationError.self) { try result.get() }
            #expect(runs.count == 1)
            #expect(hub.metrics().failed == 1)
            #expect(try await fixture.depth(of: "orders") == 1)
        }
    }

    @Test func aDuplicateIsSkipped() async throws {
        let fixture = try fixture { $0.deduplicate = DeduplicationPolicy() }
        try await fixture.run { hub in
            let message = Message("x")
            try await hub.publish([message, message], to: "orders")
            let outcomes = try await hub.deliveries(of: "orders") { deliveries in
                var outcomes: [PendingDelivery.Outcome] = []
                for try await delivery in deliveries {
                    outcomes.append(try await delivery.handle { [seen] in seen.add($0.message.body) })
                    if outcomes.count == 2 { break }
                }
                return outcomes
            }
            #expect(outcomes == [.handled, .skipped])
            #expect(hub.metrics().duplicates == 1)
        }
        #expect(seen.count == 1)
    }

    @Test func middlewaresAndTelemetryStandAroundIt() async throws {
        var fixture = try fixture()
        let (marks, spans) = (Recorder<String>(), SpanCollector())
        fixture.environment.trace = spans
        fixture.environment.middlewares = [
            Around { call, next in
                marks.add("in")
                defer { marks.add("out") }
                return try await next(call)
            }
        ]
        try await fixture.run { hub in
            try await hub.publish(Message("x"), to: "orders")
            try await hub.deliveries(of: "orders") { deliveries in
                for try await delivery in deliveries {
                    // What runs before a delivery is handed out has said so by now.
                    marks.add("taken")
                    try await delivery.handle { _ in marks.add("run") }
                    break
                }
            }
        }
        #expect(marks.all == ["taken", "in", "run", "out"])
        #expect(spans.spans.map(\.name).contains("process orders"))
    }

    @Test func whereOrderIsKeptAFailedDeliveryIsHandedOutAgainBeforeTheNextOfItsKey() async throws {
        let time = VirtualTime()
        let fixture = try fixture(time) {
            $0.order = .perKey
            $0.retry = RetryPolicy(attempts: 3, backoff: .constant, delay: .seconds(1))
        }
        try await fixture.run { hub in
            try await hub.publish(["1", "2"].map { Message(Body($0), key: "k") }, to: "orders")
            async let order = hub.deliveries(of: "orders") { deliveries in
                var order: [String] = []
                for try await delivery in deliveries {
                    order.append("\(delivery.message.body.text ?? "") at \(delivery.attempt)")
                    let attempt = delivery.attempt
                    try await delivery.handle { if attempt < 3, $0.message.body == "1" { throw Failing() } }
                    if order.count == 4 { break }
                }
                return order
            }
            try await advancing(time, until: "all") { hub.metrics().handled == 2 }
            #expect(try await order == ["1 at 1", "1 at 2", "1 at 3", "2 at 1"])
        }
    }
}
