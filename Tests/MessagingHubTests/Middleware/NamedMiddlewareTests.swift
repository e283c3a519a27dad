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
