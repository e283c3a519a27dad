import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("A test of a test hub runs live, too")
struct TestHubLiveTests {
    struct Broken: Error {}

    private static let yaml = """
        brokers: { main: { type: inmemory }, other: { type: inmemory } }
        routes:
          orders: { topic: orders, kind: queue, broker: main, retry: { attempts: 2, delay: 50ms } }
          events:
            topic: events
            kind: stream
            broker: main
            groups: { all: {}, urgent: { filter: { headers: { urgent: yes } } } }
          live: { topic: live, kind: pubsub, broker: other }
        """

    /// The same body in memory and live.
    @Test(arguments: [false, true]) func theSameBody(live: Bool) async throws {
        let configuration = try TestHubSettlingTests.configuration(Self.yaml)
        try await withTestHub(configuration, brokers: [.inMemory()], live: live) { test in
            #expect(test.isLive == live)
            try await test.hub.subscribe(to: "orders") { [hub = test.hub] delivery in
                if delivery.message.body.text == "bad" || delivery.attempt == 1 { throw Broken() }
                try await hub.publish(delivery.message, to: "events")
            }
            for group: GroupName in ["all", "urgent"] {
                try await test.hub.subscribe(to: "events", group: group) { [hub = test.hub] delivery in
                    if delivery.message.headers["urgent"] != nil { try await hub.publish(delivery.message, to: "live") }
                }
            }
            for _ in 0..<2 { try await test.hub.subscribe(to: "live") { _ in } }

            try await test.publish([Message("good"), Message("bad")], to: "orders")
            try test.topic("orders").requireRetried(2)
            try await test.advance(by: .milliseconds(50))
            try test.topic("orders").requireHandled(1)
            try test.topic("orders").requireDeadLettered(1, as: .exhausted)
            try test.topic("orders.dead").requirePublished(1)
            try test.topic("events").requireHandled(1, group: "all")
            try test.topic("events").requireHandled(0, group: "urgent")

            try await test.publish(Message("urgent", headers: ["urgent": "yes"]), to: "events")
            try test.topic("events").requireHandled(1, group: "urgent")
            try test.topic("live").requireHandled(4)
            #expect(test.unsettledCount == 0)
        }
    }

    @Test func aMessageThatIsPublishedTwiceIsWaitedForTwice() async throws {
        let configuration = try TestHubSettlingTests.configuration(Self.yaml)
        try await withTestHub(configuration, brokers: [.inMemory()], live: true) { test in
            let runs = Observed(0)
            try await test.hub.subscribe(to: "orders") { [time = test.time] _ in
                let run = runs.change { runs in
                    runs += 1
                    return runs
                }
                if run == 2 { try await time.sleep(for: .milliseconds(100)) }
            }
            let message = Message("twice")
            try await test.publish([message, message], to: "orders")
            try test.topic("orders").requireHandled(2)
            #expect(test.unsettledCount == 0)
        }
    }

    @Test func whatDoesNotComeIsNotWaitedForForEver() async throws {
        let options = TestHubOptions(patience: .milliseconds(300))
        let configuration = try TestHubSettlingTests.configuration(Self.yaml)
        try await withTestHub(configuration, brokers: [.inMemory()], live: true, options: options) { test in
            let gate = Observed(false)
            try await test.hub.subscribe(to: "orders") { _ in _ = await gate.first(within: .seconds(600)) { $0 } }
            let error = await #expect(throws: TestHubError.self) {
                try await test.publish(Message("held"), to: "orders")
            }
            #expect(error?.code == .unsettled)
            gate.change { $0 = true }
        }
    }

    @Test func aBrokerThatLosesAMessageIsFoundOut() async throws {
        final class Lossy: BrokerDecorator {
            let base: any MessageBroker
            init(_ base: any MessageBroker) { self.base = base }
            func publish(
                _ messages: [Message], to destination: Destination, options: PublishOptions
            ) async throws(PublishFailure) -> PublishReceipt { PublishReceipt() }
        }
        let options = TestHubOptions(patience: .milliseconds(300), decorating: { broker, _ in Lossy(broker) })
        let configuration = try TestHubSettlingTests.configuration(Self.yaml)
        try await withTestHub(configuration, brokers: [.inMemory()], live: true, options: options) { test in
            try await test.hub.subscribe(to: "orders") { _ in }
            let error = await #expect(throws: TestHubError.self) {
                try await test.publish(Message("lost"), to: "orders")
            }
            #expect(
                error?.description
                    == "publishing to orders has not come to rest within 300ms: 1 message is not settled")
        }
    }
}
