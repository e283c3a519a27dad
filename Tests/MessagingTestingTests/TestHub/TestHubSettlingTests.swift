import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("A test hub settles what a publish caused")
struct TestHubSettlingTests {
    struct Broken: Error {}

    static let yaml = """
        brokers:
          main: { type: inmemory }
          other: { type: inmemory }
        routes:
          orders: { topic: "orders.*", kind: queue, broker: main, retry: { attempts: 3, backoff: constant, delay: 1s } }
          shipments: { topic: shipments, kind: queue, broker: other }
          events: { topic: events, kind: stream, broker: main, groups: { audit: {}, mail: {} } }
          live: { topic: live, kind: pubsub, broker: other }
        """

    static func configuration(_ text: String = yaml) throws -> HubConfiguration {
        try HubConfiguration.load(text: text, environment: [:], profiles: [.inMemory])
    }

    @Test func theNextLineSeesAWholeChain() async throws {
        try await withTestHub(try Self.configuration()) { test in
            try await test.hub.subscribe(forwardingFrom: "orders.eu") { delivery in
                [
                    ForwardedMessage(delivery.message, to: "shipments"), ForwardedMessage(delivery.message, to: "events"),
                ]
            }
            try await test.hub.subscribe(to: "shipments") { [hub = test.hub] delivery in
                try await hub.publish(Message("done"), to: "live")
            }
            for group: GroupName in ["audit", "mail"] { try await test.hub.subscribe(to: "events", group: group) { _ in } }
            try await test.hub.subscribe(to: "live") { _ in }
            for _ in 1...20 { try await test.publish(Message("one book"), to: "orders.eu") }
            try test.topic("orders.eu").requireHandled(20)
            try test.topic("shipments").requirePublished(20)
            try test.topic("shipments").requireHandled(20)
            try test.topic("events").requireHandled(20, group: "audit")
            try test.topic("events").requireHandled(20, group: "mail")
            try test.topic("live").requireHandled(20)
        }
    }

    @Test func aRetryWaitsForTheClockAndADeadLetterFollows() async throws {
        try await withTestHub(try Self.configuration()) { test in
            try await test.hub.subscribe(to: "orders.eu") { _ in throw Broken() }
            try await test.hub.subscribe(to: "orders.eu.dead") { _ in }
            try await test.publish(Message("one book"), to: "orders.eu")
            try test.topic("orders.eu").requireRetried(1)
            try await test.advance(by: .milliseconds(999))
            #expect(test.topic("orders.eu").runs.count == 1)
            try await test.advance(by: .milliseconds(1))
            #expect(test.topic("orders.eu").runs.map(\.attempt) == [1, 2])
            try await test.advance(by: .seconds(60))
            let record = test.topic("orders.eu")
            #expect(record.runs.map(\.time) == [.zero, .seconds(1), .seconds(2)])
            try record.requireHandled(0)
            try record.requireDeadLettered(1, as: .exhausted)
            #expect(record.deadLettered.first?.error == "Broken()")
            try test.topic("orders.eu.dead").requireHandled(1)
        }
    }
}
