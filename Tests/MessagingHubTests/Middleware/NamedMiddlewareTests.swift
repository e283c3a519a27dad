import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// The middlewares that come with the hub.
@Suite(.timeLimit(.minutes(5))) struct NamedMiddlewareTests {
    private struct NoPrice: Error, CustomStringConvertible { let description = "E42: no price" }

    @Test("S0-13 logging, metrics, retry and validation are middlewares, and run in the order in which they are given")
    func fourByName() async throws {
        let (log, metrics, runs) = (LogCollector(), MetricsCollector(), Recorder<Int32>())
        var fixture = HubFixture()
        fixture.environment.middlewares = [
            LoggingMiddleware(to: log),
            MetricsMiddleware(to: metrics),
            RetryMiddleware(RetrySelection(RetryPolicy(attempts: 3, delay: .milliseconds(1)))),
            ValidationMiddleware { message, _ in if message.body == .empty { throw NoPrice() } },
        ]
        try fixture.route("orders")
        let message = Message("7", type: "order")
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { if runs.add($0.attempt) < 3 { throw Failing() } }
            try await hub.publish(message, to: "orders")
            try await eventually("handled") { hub.metrics().handled == 1 }
            await #expect(throws: NoPrice.self) { try await hub.publish(Message(.empty), to: "orders") }
        }
        // Retry is inside of the first two, so that these see one run; validation of a publish is, too.
        #expect(runs.all == [1, 1, 1])
        #expect(log.records.map(\.message).sorted() == ["handled", "not published", "published"])
        let handled = try #require(log.records(of: "handled").first)
        #expect(handled.level == .info)
        #expect(handled["messaging.message.id"] == message.id.description)
        #expect(handled["hub.message.type"] == "order")
        #expect(handled["duration_s"] != nil)
        #expect(log.records(of: "not published").map(\.level) == [.error])
        #expect(log.records(of: "not published").first?["error"] == "E42: no price")
        #expect(metrics.values(of: "hub.middleware.duration").count == 3)
        #expect(metrics.sum(of: "hub.middleware.failed") == 1)
    }

    @Test("S0-108 a rule of the program's own refuses a message with its own code, in both directions")
    func ownRule() async throws {
        var fixture = HubFixture()
        let letters = Recorder<Message>()
        try fixture.route("orders")
        let unchecked = fixture
        fixture.environment.middlewares = [
            ValidationMiddleware { message, destination in
                if destination.topic == "orders", message.body == .empty { throw NoPrice() }
            }
        ]
        try await fixture.run { hub in
            let error = await #expect(throws: NoPrice.self) {
                try await hub.publish([Message("1"), Message(.empty)], to: "orders")
            }
            #expect(error?.description.hasPrefix("E42") == true)
            #expect(hub.metrics().published == 0)
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { _ in Issue.record("the handler saw it") }
            try await unchecked.run { _ = try await $0.publish(Message(.empty), to: "orders") }
            try await eventually("the dead letter") { letters.count == 1 }
        }
        #expect(letters.all.first?.headers[.deadLetterReason] == "rejected")
        #expect(letters.all.first?.headers[.deadLetterError] == "E42: no price")
        #expect(letters.all.first?.headers[.deadLetterAttempt] == "1")
    }

    @Test func anErrorGetsAMeaning() async throws {
        var fixture = HubFixture()
        let letters = Recorder<Message>()
        fixture.environment.middlewares = [ErrorHandlingMiddleware { Reject("final: \($0)") }]
        try fixture.route("orders")
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { _ in throw Failing() }
            try await hub.publish(Message(), to: "orders")
            try await eventually("the dead letter") { letters.count == 1 }
        }
        #expect(letters.all.first?.headers[.deadLetterError] == "final: failing on purpose")
        #expect(letters.all.first?.headers[.deadLetterAttempt] == "1")
    }

    // MARK: Errors before and after next, in both directions

    /// Which way, and when what stands inside of the middleware under test throws.
    enum Failure: CaseIterable {
        case publishBefore, publishAfter, handleBefore, handleAfter
    }

    /// What became of one message that was published through a middleware and handled behind it.
    private struct Passage {
        /// What the caller of `publish` got.
        var error: (any Error)?
        /// How often the middleware called `next`.
        var calls: Int
        /// How often the handler has run.
        var runs: Int
        var letter: Message?
    }

    private func passage(through middleware: any Middleware, failing failure: Failure) async throws -> Passage {
        let (calls, runs, letters) = (Recorder<Bool>(), Recorder<Bool>(), Recorder<Message>())
        let inner = Around(
            handling: { call, next in
                guard call.destination.topic == "orders", [.handleBefore, .handleAfter].contains(failure) else {
                    return try await next(call)
                }
                calls.add(true)
                if failure == .handleBefore { throw Failing() }
                _ = try await next(call)
                throw Failing()
            },
            publishing: { call, next in
                guard [.publishBefore, .publishAfter].contains(failure) else { return try await next(call) }
                calls.add(true)
                if failure == .publishBefore { throw Failing() }
                _ = try await next(call)
                throw Failing()
            })
        var fixture = HubFixture()
        fixture.environment.middlewares = [middleware, inner]
        try fixture.route("orders") { $0.retry.attempts = 1 }
        return try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.subscribe(to: "orders") { _ in runs.add(true) }
            let result = await outcome { try await hub.publish(Message("7", type: "order"), to: "orders") }
            try await eventually("what was published is handled or given up") {
                failure == .publishBefore || hub.metrics().handled - letters.count == 1 && failure == .publishAfter
                    || letters.count == 1
            }
            var passage = Passage(calls: calls.count, runs: runs.count, letter: letters.all.first)
            if case .failure(let error) = result { passage.error = error }
            return passage
        }
    }

    @Test(arguments: Failure.allCases) func loggingSaysOfEachCallHowItEnded(_ failure: Failure) async throws {
        let log = LogCollector()
        let passage = try await passage(through: LoggingMiddleware(to: log, level: .debug), failing: failure)
        let orders = log.records.filter { $0["messaging.destination.name"] == "orders" }
        let expected: [String] =
            switch failure {
            case .publishBefore: ["not published"]
            case .publishAfter: ["not published", "handled"]
            case .handleBefore, .handleAfter: ["published", "not handled"]
            }
        #expect(orders.map(\.message).sorted() == expected.sorted())
        for record in orders {
            let isFailed = record.message.hasPrefix("not ")
            #expect(record.level == (isFailed ? .error : .debug))
            #expect(record["error"] == (isFailed ? "failing on purpose" : nil))
            #expect(record["duration_s"] != nil && record["hub.message.type"] == "order")
        }
        // It changes nothing.
        #expect(passage.calls == 1 && passage.runs == (failure == .publishAfter || failure == .handleAfter ? 1 : 0))
    }

    @Test(arguments: Failure.allCases) func metricsCountEachCallThatFailed(_ failure: Failure) async throws {
        let metrics = MetricsCollector()
        let passage = try await passage(through: MetricsMiddleware(to: metrics), failing: failure)
        func values(_ operation: String, _ kind: InstrumentDescription.Kind, _ name: String, _ unit: String) -> Int {
            let labels = [
                "messaging.operation.name": operation, "messaging.destination.name": "orders",
                "messaging.destination.kind": "queue",
            ]
            return metrics.values(of: InstrumentDescription(kind, name, unit: unit, labels: labels)).count
        }
        let isPublish = failure == .publishBefore || failure == .publishAfter
        #expect(values("publish", .histogram, "hub.middleware.duration", "s") == 1)
        #expect(values("process", .histogram, "hub.middleware.duration", "s") == (failure == .publishBefore ? 0 : 1))
        #expect(values("publish", .counter, "hub.middleware.failed", "{call}") == (isPublish ? 1 : 0))
        #expect(values("process", .counter, "hub.middleware.failed", "{call}") == (isPublish ? 0 : 1))
        #expect(passage.calls == 1)
    }

    @Test(arguments: Failure.allCases) func errorHandlingGivesAnErrorItsMeaning(_ failure: Failure) async throws {
        let handling = ErrorHandlingMiddleware { Reject("final: \($0)") }
        let passage = try await passage(through: handling, failing: failure)
        switch failure {
        case .publishBefore: #expect(passage.error as? Reject == Reject("final: failing on purpose"))
        case .publishAfter:
            // It is there, so that no meaning is given to the error: the caller is to know.
            let failure = try #require(passage.error as? PublishFailure)
            #expect(failure.outcomes.values.allSatisfy { if case .unknown = $0 { true } else { false } })
            #expect(failure.first.sentence.contains("final: failing on purpose"))
        case .handleBefore, .handleAfter:
            #expect(passage.error == nil)
            #expect(passage.letter?.headers[.deadLetterReason] == "rejected")
            #expect(passage.letter?.headers[.deadLetterError] == "final: failing on purpose")
        }
        #expect(passage.calls == 1)
    }

    @Test(arguments: Failure.allCases) func retryRepeatsWhatFailedBeforeTheHandlerReturnedAndNothingElse(
        _ failure: Failure
    ) async throws {
        let retry = RetryMiddleware(RetrySelection(RetryPolicy(attempts: 3, delay: .milliseconds(1))))
        let passage = try await passage(through: retry, failing: failure)
        switch failure {
        case .publishBefore, .publishAfter: #expect(passage.calls == 1 && passage.error != nil)
        case .handleBefore:
            #expect(passage.calls == 3 && passage.runs == 0)
            #expect(passage.letter?.headers[.deadLetterError] == "failing on purpose")
        case .handleAfter:
            // The second call of next is refused, because the handler has returned; that is final.
            #expect(passage.calls == 2 && passage.runs == 1)
            #expect(passage.letter?.headers[.deadLetterReason] == "rejected")
        }
    }

    /// What a shutdown ends means nothing of the message, and is not repeated.
    @Test func whatAShutdownEndsIsGivenBackThroughAllOfThem() async throws {
        var fixture = HubFixture()
        fixture.configuration.grace = .milliseconds(10)
        fixture.environment.middlewares = [
            ErrorHandlingMiddleware { Reject("final: \($0)") },
            RetryMiddleware(RetrySelection(RetryPolicy(attempts: 9, delay: .milliseconds(1)))),
        ]
        try fixture.route("orders")
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") {
                runs.add($0.attempt)
                try await Task.sleep(for: .seconds(3600))
            }
            try await hub.publish(Message(), to: "orders")
            try await eventually("begun") { runs.count == 1 }
        }
        #expect(runs.all == [1])
        #expect(try await fixture.depth(of: "orders") == 1)
    }
}
