import Foundation
import Messaging
import MessagingReliability
import Testing

@testable import MessagingHub

/// The names of a hub's counters.
@Suite(.timeLimit(.minutes(5))) struct HubMetricsTests {
    /// Each counter has a value that no other one has, so that it can be told apart.
    private static let metrics: HubMetrics = {
        var metrics = HubMetrics(
            published: 1, publishFailed: 2, publishRetried: 4, received: 5, handled: 6, failed: 7, retried: 8,
            released: 9,
            deadLettered: 10, dropped: 11, settleFailed: 12, stale: 13, duplicates: 14, deduplicationFailed: 15,
            deduplicationEvicted: 16, connectionAttempts: 17, connectionSuccesses: 18, connectionFailures: 19,
            brokerBlocks: 29, brokerBlockedTotal: 30,
            bytesPublished: 20, publishLatencyTotal: 21, publishLatencyCount: 22, fallbacks: 23, diverted: 24,
            logsLost: 25, measurementsLost: 26, spansLost: 27, auditRecordsLost: 28)
        metrics.requests = RequestMetrics(
            sent: 31, answered: 32, timedOut: 33, unmatched: 34, replied: 35, unwanted: 36)
        return metrics
    }()

    /// The counters that a value is made of, those of the values in it among them.
    private static func stored(in value: Any) -> [(name: String, value: Int)] {
        Mirror(reflecting: value).children.flatMap { child in
            (child.value as? Int).map { [(child.label ?? "", $0)] } ?? stored(in: child.value)
        }
    }

    @Test func everyCounterHasANameAndNoTwoHaveOne() {
        let stored = Self.stored(in: Self.metrics)
        #expect(Set(stored.map(\.value)).count == stored.count && stored.allSatisfy { $0.value > 0 })
        let named = Self.metrics.named
        for counter in stored {
            #expect(named.count { $0.value == counter.value } == 1, "\(counter.name) has no name of its own")
        }
        #expect(Set(named.map(\.name)).count == named.count)
        // What is published is what succeeded and what failed; everything else is a counter.
        #expect(named.count == stored.count + 1)
        #expect(Self.metrics["MessagesPublished"] == 3)
    }

    @Test func thePageOfTelemetryHasEveryName() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/telemetry.md")
        let text = try String(contentsOf: page.standardized, encoding: .utf8)
        for name in Self.metrics.named.map(\.name) { #expect(text.contains("`\(name)`"), "\(name)") }
    }

    @Test func requestsRepliesAndForgottenKeysReachTheSink() async throws {
        let sink = MetricsCollector()
        var fixture = HubFixture()
        fixture.environment.metrics = sink
        try fixture.route("squares") { $0.deduplicate = DeduplicationPolicy(maximumKeys: 1) }
        try fixture.route("silence")
        let hub = try await fixture.run { hub in
            try await hub.respond(to: "squares") { _ in Message("four") }
            for _ in 0..<3 { _ = try await hub.request(Message("two"), to: "squares") }
            let held = Recorder<Message>()
            try await hub.subscribe(to: "silence") { held.add($0.message) }
            _ = await outcome { try await hub.request(Message(), to: "silence", within: .milliseconds(50)) }
            try await eventually("the question is held") { held.count == 1 }
            for asked in held.all {
                _ = await outcome { try await hub.reply(Message("late"), to: asked, from: "silence") }
            }
            try await eventually("the late answer is nobody's") {
                hub.metrics().requests.unwanted + hub.metrics().requests.unmatched == 1
            }
            try await eventually("four are handled") { hub.metrics().handled == 4 }
            return hub
        }
        let metrics = hub.metrics()
        let expected = ["RequestsSent": 4, "RequestsAnswered": 3, "RequestsTimedOut": 1, "DeduplicationKeysEvicted": 2]
        for (name, value) in expected { #expect(metrics[name] == value, "\(name)") }
        for (name, _, value) in metrics.named { #expect(sink.sum(of: name) == Double(value), "\(name)") }
    }
}
