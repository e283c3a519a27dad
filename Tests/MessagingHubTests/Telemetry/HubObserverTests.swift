import Foundation
import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

@Suite(.timeLimit(.minutes(5))) struct HubObserverTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    /// Publishes one message that is handled and one that fails for good, and returns once both have ended.
    private func exercise(_ fixture: HubFixture) async throws -> (good: Message, bad: Message) {
        var fixture = fixture
        try fixture.route("orders") { $0.retry = RetryPolicy(attempts: 2, delay: .milliseconds(1)) }
        var bad = Message(type: "bad", headers: ["traceparent": .text(Self.parent)])
        bad.correlationID = "c-7"
        let good = Message()
        try await fixture.run { [bad] hub in
            try await hub.subscribe(to: "orders") { if $0.message.type == "bad" { throw Failing() } }
            try await hub.publish(good, to: "orders")
            try await hub.publish(bad, to: "orders")
            try await eventually("both") { hub.metrics().handled == 1 && hub.metrics().deadLettered == 1 }
        }
        return (good, bad)
    }

    @Test("S0-94 publish, receive, ack, nack and dead-letter each give one JSON record")
    func records() async throws {
        let fixture = HubFixture(logLevel: .debug)
        let (good, bad) = try await exercise(fixture)
        func messages(of id: MessageID) -> [String] {
            fixture.log.records.filter { $0["messaging.message.id"] == id.description }.map(\.message)
        }
        // A publish is recorded once it is confirmed; the message may have been received by then.
        for id in [good.id, bad.id] { #expect(messages(of: id).count { $0 == "message published" } == 1) }
        func received(_ id: MessageID) -> [String] { messages(of: id).filter { $0 != "message published" } }
        #expect(received(good.id) == ["message received", "message accepted"])
        #expect(
            received(bad.id) == [
                "message received", "message failed", "message received", "message failed", "message dead-lettered",
            ])
        for record in fixture.log.records {
            let line = JSONLogSink.line(of: record)
            let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
            #expect(object["message"] == record.message)
            #expect(object["messaging.message.id"] == record["messaging.message.id"])
            #expect(object.count == record.keys.count + 3 && !line.contains("\n"), "\(line)")
        }
    }

    @Test("S0-96 a record has its duration, and an error shares message and trace with the receipt")
    func correlation() async throws {
        let fixture = HubFixture(logLevel: .debug)
        let (good, bad) = try await exercise(fixture)
        let accepted = try #require(fixture.log.records(of: "message accepted").first)
        #expect(accepted["messaging.message.id"] == good.id.description)
        #expect(accepted["duration_s"].flatMap(Double.init) != nil)
        let failed = try #require(fixture.log.records(of: "message failed").first)
        let received = try #require(
            fixture.log.records(of: "message received").first { $0["messaging.message.id"] == bad.id.description })
        for key in ["messaging.message.id", "traceparent", "messaging.message.conversation_id"] {
            #expect(failed[key] != nil)
            #expect(failed[key] == received[key])
        }
        #expect(failed["error"] == "failing on purpose")
        #expect(failed["duration_s"] != nil)
    }

    @Test("S0-98 S0-99 counters, a latency histogram, errors and retries move")
    func metrics() async throws {
        let metrics = MetricsCollector()
        var fixture = HubFixture()
        fixture.environment.metrics = metrics
        _ = try await exercise(fixture)
        #expect(metrics.sum(of: "messaging.client.sent.messages") == 2)
        #expect(metrics.sum(of: "messaging.client.consumed.messages") == 3)
        #expect(metrics.values(of: "messaging.process.duration").count == 3)
        #expect(metrics.values(of: "messaging.client.operation.duration").count == 2)
        #expect(metrics.sum(of: "hub.failed.messages") == 2)
        #expect(metrics.sum(of: "hub.retried.messages") == 1)
        #expect(metrics.sum(of: "hub.dead_lettered.messages") == 1)
    }

    @Test func spansOfEveryPublishAndEveryRun() async throws {
        let trace = SpanCollector()
        var fixture = HubFixture()
        fixture.environment.trace = trace
        let (_, bad) = try await exercise(fixture)
        #expect(trace.spans.count { $0.name == "publish orders" } == 2)
        #expect(trace.spans.count { $0.name == "process orders" } == 3)
        let failed = trace.spans.filter { $0.error != nil }
        #expect(failed.count == 2)
        #expect(failed.allSatisfy { $0.attributes["messaging.message.id"] == bad.id.description })
        #expect(failed.allSatisfy { $0.links.map(\.traceparent) == [Self.parent] && $0.start <= $0.end })
    }

    @Test func atTheDefaultLevelOnlyFailuresAreLogged() async throws {
        let fixture = HubFixture(logLevel: .info)
        let (good, _) = try await exercise(fixture)
        #expect(!fixture.log.records.contains { $0["messaging.message.id"] == good.id.description })
        #expect(fixture.log.records(of: "message failed").count == 2)
    }
}
