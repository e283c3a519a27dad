import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct LogLevelTests {
    /// Publishes one message of each type, which a handler takes or not; the types of which something was logged.
    private func logged(
        _ levels: [String: LogRecord.Level], level: LogRecord.Level, failing: Bool = false
    ) async throws -> [String: [String]] {
        var fixture = HubFixture(logLevel: level)
        fixture.configuration.log.levelByType = levels
        try fixture.route("orders") { $0.retry.attempts = 1 }
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { _ in if failing { throw Failing() } }
            for type in ["A", "B", "C"] { try await hub.publish(Message(type: type), to: "orders") }
            try await eventually("all") { hub.metrics().handled + hub.metrics().deadLettered == 3 }
        }
        let ofMessages = fixture.log.records.filter { $0["hub.message.type"] != nil }
        return Dictionary(grouping: ofMessages) { $0["hub.message.type"] ?? "" }
            .mapValues { Set($0.map(\.message)).sorted() }
    }

    @Test("S0-97 with type A at debug and type B at error only A's records of what went well appear")
    func levelOfAType() async throws {
        let steps = ["message accepted", "message published", "message received"]
        #expect(try await logged(["A": .debug, "B": .error], level: .info) == ["A": steps])
        #expect(try await logged(["B": .error], level: .debug) == ["A": steps, "C": steps])
        #expect(try await logged([:], level: .info) == [:])
    }

    @Test func graveRecordsOfAQuietTypeAppear() async throws {
        let failed = ["message dead-lettered", "message failed"]
        let all = try await logged(["B": .error], level: .warning, failing: true)
        #expect(all == ["A": failed, "B": ["message failed"], "C": failed])
    }

    @Test func levelsOfTypesAreRead() throws {
        let text = """
            version: 1
            brokers: {main: {type: inmemory}}
            routes: {orders: {topic: orders, broker: main, kind: queue}}
            log:
              level: warning
              by-type:
                order.created: {level: debug}
                heartbeat: {level: error}
            """
        let configuration = try HubConfiguration.load(text: text, environment: [:], profiles: [.inMemory])
        #expect(configuration.log.level == .warning)
        #expect(configuration.log.levelByType == ["order.created": .debug, "heartbeat": .error])
        #expect((configuration.log.sink as? TextLogSink)?.level == .debug)
        let error = #expect(throws: ConfigurationError.self) {
            try HubConfiguration.load(
                text: text.replacing("{level: debug}", with: "{level: loud}").replacing("{level: error}", with: "{}"),
                environment: [:], profiles: [.inMemory])
        }
        #expect(error?.problems.count == 2, "\(String(describing: error))")
    }
}
