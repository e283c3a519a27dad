import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// What becomes of a delivery whose middlewares do right, and wrong.
@Suite(.timeLimit(.minutes(5))) struct HandleMiddlewareTests {
    private let runs = Recorder<Int32>()
    private let letters = Recorder<Message>()
    private let time = VirtualTime()

    /// Publishes one message to a handler behind this middleware; waits until it is handled or dead-lettered, and for
    /// whatever else might come.
    private func run(
        _ middlewares: [any Middleware], attempts: Int = 3, messages: Int = 1,
        edit: (inout RouteConfiguration) -> Void = { _ in },
        handler: @escaping @Sendable (Delivery) throws -> Void = { _ in }
    ) async throws -> HubMetrics {
        var fixture = HubFixture(time: time)
        fixture.environment.middlewares = middlewares
        try fixture.route("orders") {
            $0.retry = RetryPolicy(attempts: attempts, backoff: .constant, delay: .seconds(1))
            edit(&$0)
        }
        try fixture.route("sentinel")
        return try await fixture.run { hub in
            let sentinel = try await Sentinel(in: hub)
            try await hub.subscribe(to: "orders.dead") { [letters] in letters.add($0.message) }
            try await hub.subscribe(to: "orders", concurrency: 1) { [runs] delivery in
                runs.add(delivery.attempt)
                try handler(delivery)
            }
            for number in 0..<messages { try await hub.publish(Message(Body("\(number)")), to: "orders") }
            try await advancing(time, until: "all of it") {
                let metrics = hub.metrics()
                return runs.count + letters.count > 0 && metrics.handled + metrics.deadLettered >= messages
                    && letters.count == metrics.deadLettered
            }
            try await sentinel.pass(.seconds(10), on: time)
            let metrics = hub.metrics()
            return metrics
        }
    }

    /// What only concerns `orders`.
    private func onOrders(_ handling: @escaping Around.Handling) -> [any Middleware] {
        [
            Around { call, next in
                call.destination.topic == "orders" ? try await handling(call, next) : try await next(call)
            }
        ]
    }

    @Test func whatIsThrownBeforeNextIsAFailedRun() async throws {
        _ = try await run(onOrders { _, _ in throw Failing(description: "no key") })
        #expect(runs.all == [])
        #expect(letters.all.map { $0.headers[.deadLetterReason] } == ["exhausted"])
        #expect(letters.all.first?.headers[.deadLetterAttempt] == "3")
        #expect(letters.all.first?.headers[.deadLetterError] == "no key")
    }

    @Test func whatIsThrownAfterNextIsAFailedRunAndSaid() async throws {
        _ = try await run(
            onOrders { call, next in
                let handled = try await next(call)
                if call.delivery.attempt < 3 { throw Failing(description: "no commit") }
                return handled
            })
        #expect(runs.all == [1, 2, 3])
        #expect(letters.count == 0)
    }

    @Test func whatIsThrownAfterNextIsLogged() async throws {
        var fixture = HubFixture(time: time)
        fixture.environment.middlewares = [
            Around { call, next in
                _ = try await next(call)
                throw Reject("no commit")
            }
        ]
        try fixture.route("orders")
        let message = Message()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { _ in }
            try await hub.publish(message, to: "orders")
            try await eventually("dead-lettered") { hub.metrics().deadLettered == 1 }
        }
        let said = fixture.log.records(of: "middleware failed after its handler")
        #expect(said.map { $0["messaging.message.id"] } == [message.id.description])
        #expect(said.first?["error"] == "no commit")
    }

    @Test func nextTwiceRunsTheHandlerOnceAndIsDeadLetteredAtOnce() async throws {
        _ = try await run(
            onOrders { call, next in
                _ = try await next(call)
                return try await next(call)
            })
        #expect(runs.all == [1])
        #expect(letters.all.map { $0.headers[.deadLetterReason] } == ["rejected"])
        #expect(
            letters.all.first?.headers[.deadLetterError]?.contains(
                "a middleware called next again though the handler had returned; it was not run again; queue orders has Around"
            )
                == true)
    }

    @Test func nextTwiceAtOnceRunsTheHandlerOnce() async throws {
        let refusals = Recorder<String>()
        let metrics = try await run(
            onOrders { call, next in
                return try await withThrowingTaskGroup(of: Handled?.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            do { return try await next(call) } catch {
                                refusals.add("\(error)")
                                return nil
                            }
                        }
                    }
                    var handled: Handled?
                    for try await one in group { handled = one ?? handled }
                    return try #require(handled)
                }
            })
        #expect(runs.all == [1])
        #expect(refusals.count == 1)
        #expect(letters.count == 0 && metrics.deadLettered == 0)
    }

    @Test func nextAgainAfterAFailureRunsTheHandlerAgainInTheSameAttempt() async throws {
        let metrics = try await run(
            onOrders { call, next in
                do { return try await next(call) } catch { return try await next(call) }
            }, handler: { [runs] _ in if runs.count == 1 { throw Failing() } })
        #expect(runs.all == [1, 1])
        #expect(metrics.failed == 0 && letters.count == 0)
    }

    /// A result cannot be made up, only kept; what was kept is not of this run.
    @Test func withoutNextNothingIsAccepted() async throws {
        let kept = Recorder<Handled>()
        _ = try await run(
            onOrders { call, next in
                if let old = kept.all.first { return old }
                let handled = try await next(call)
                kept.add(handled)
                return handled
            }, messages: 2)
        #expect(runs.all == [1])
        #expect(letters.all.map(\.body) == ["1"])
        #expect(letters.all.first?.headers[.deadLetterReason] == "rejected")
        #expect(letters.all.first?.headers[.deadLetterError]?.contains("the message counts as not handled") == true)
    }

    @Test func aFailureThatIsSwallowedIsNotAccepted() async throws {
        let kept = Recorder<Handled>()
        _ = try await run(
            onOrders { call, next in
                do {
                    let handled = try await next(call)
                    kept.add(handled)
                    return handled
                } catch {
                    return try #require(kept.all.first)
                }
            }, messages: 2, handler: { if $0.message.body == "1" { throw Failing() } })
        #expect(runs.all == [1, 1])
        #expect(letters.all.map(\.body) == ["1"])
    }

    @Test func aMiddlewareThatHangsIsUnderTheTimeoutOfTheRoute() async throws {
        _ = try await run(
            onOrders { [time] call, next in
                try await time.sleep(for: .seconds(3600))
                return try await next(call)
            }, attempts: 1, edit: { $0.timeout = .seconds(5) })
        #expect(runs.all == [])
        #expect(letters.all.first?.headers[.deadLetterError]?.contains("longer than 5s") == true)
    }

    @Test func theHandlerGetsWhatWasChangedAndTheDeadLetterIsWhatWasReceived() async throws {
        let seen = Recorder<Body>()
        _ = try await run(
            onOrders { call, next in
                var call = call
                call.delivery.message.body = "changed"
                return try await next(call)
            }, attempts: 1,
            handler: {
                seen.add($0.message.body)
                throw Failing()
            })
        #expect(seen.all == ["changed"])
        #expect(letters.all.map(\.body) == ["0"])
    }

    @Test func whatAHandlerSendsOnCanBeChangedAndAddedTo() async throws {
        var fixture = HubFixture()
        fixture.environment.middlewares = [
            Around { call, next in
                var handled = try await next(call)
                if call.destination.topic == "in" {
                    handled.forwarded.append(ForwardedMessage(Message("added"), to: "out"))
                }
                return handled
            }
        ]
        try fixture.route("in")
        try fixture.route("out")
        let seen = Recorder<Body>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "out") { seen.add($0.message.body) }
            try await hub.subscribe(forwardingFrom: "in") { _ in [ForwardedMessage(Message("sent on"), to: "out")] }
            try await hub.publish(Message(), to: "in")
            try await eventually("both") { seen.count == 2 }
        }
        #expect(Set(seen.all) == ["sent on", "added"])
    }

    @Test func aMiddlewareIsToldWhereADeliveryComesFrom() async throws {
        var fixture = HubFixture()
        let seen = Recorder<String>()
        fixture.environment.middlewares = [
            Around { call, next in
                seen.add("\(call.destination.topic) \(call.destination.kind.rawValue) \(call.group?.name ?? "-")")
                return try await next(call)
            }
        ]
        try fixture.route("log", as: .stream)
        try fixture.route("events.#", as: .pubSub)
        try await fixture.run { hub in
            try await hub.subscribe(to: "log", group: "billing") { _ in }
            try await hub.subscribe(to: try TopicPattern("events.*", style: .amqp)) { _ in }
            try await hub.publish(Message(), to: "log")
            try await hub.publish(Message(), to: "events.a")
            try await eventually("both") { seen.count == 2 }
        }
        #expect(seen.all.sorted() == ["events.a pubsub -", "log stream billing"])
    }
}
