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
                    ForwardedMessage(delivery.message, to: "shipments"),
                    ForwardedMessage(delivery.message, to: "events"),
                ]
            }
            try await test.hub.subscribe(to: "shipments") { [hub = test.hub] delivery in
                try await hub.publish(Message("done"), to: "live")
            }
            for group: GroupName in ["audit", "mail"] {
                try await test.hub.subscribe(to: "events", group: group) { _ in }
            }
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

    @Test func twoConfiguredBrokersStayTwoServers() async throws {
        try await withTestHub(try Self.configuration()) { test in
            try await test.publish(Message("one book"), to: "shipments")
            let (main, other) = (try #require(test.hub.broker("main")), try #require(test.hub.broker("other")))
            #expect(try await other.topology?.depth(of: .queue("shipments"), group: nil).waiting == 1)
            await #expect(throws: BrokerError.self) {
                _ = try await main.topology?.depth(of: .queue("shipments"), group: nil)
            }
        }
    }

    @Test func whatNobodyListensToDoesNotCount() async throws {
        try await withTestHub(try Self.configuration()) { test in
            for topic: Topic in ["orders.eu", "events", "live"] {
                try await test.publish(Message("one book"), to: topic)
                #expect(test.unsettledCount == 0)
            }
            try await test.hub.subscribe(to: "orders.eu") { _ in }
            try await test.hub.subscribe(to: "events", group: "mail") { _ in }
            try await test.hub.subscribe(to: "live") { _ in }
            try await test.settled()
            try test.topic("orders.eu").requireHandled(1)
            try test.topic("events").requireHandled(1)
            try test.topic("live").requireHandled(0)
        }
    }

    @Test func codeUnderTestThatPublishesByItselfIsSettledToo() async throws {
        try await withTestHub(try Self.configuration()) { test in
            try await test.hub.subscribe(to: "orders.eu") { _ in
                for _ in 0..<50 { await Task.yield() }
            }
            for _ in 0..<30 { try await test.hub.publish(Message("one book"), to: "orders.eu") }
            try await test.settled()
            try test.topic("orders.eu").requireHandled(30)
        }
    }

    @Test func aHandlerThatWaitsForSomethingOutsideIsWaitedFor() async throws {
        actor Outside {
            func answer() async { for _ in 0..<20 { await Task.yield() } }
        }
        try await withTestHub(try Self.configuration()) { test in
            try await test.hub.subscribe(to: "orders.eu") { _ in
                try await Task.sleep(for: .milliseconds(20))
                await Task.detached { await Outside().answer() }.value
                await MainActor.run {}
            }
            try await test.publish([Message("one"), Message("two"), Message("three")], to: "orders.eu")
            try test.topic("orders.eu").requireHandled(3)
        }
    }

    @Test func aHandlerThatWaitsForTheClockDoesNotCount() async throws {
        try await withTestHub(try Self.configuration()) { test in
            try await test.hub.subscribe(to: "orders.eu", concurrency: 1) { [time = test.time] _ in
                try await time.sleep(for: .seconds(5))
            }
            try await test.publish([Message("one"), Message("two")], to: "orders.eu")
            #expect(test.topic("orders.eu").runs.map(\.outcome) == [.running])
            try await test.advance(by: .seconds(5))
            #expect(test.topic("orders.eu").runs.map(\.outcome) == [.handled, .running])
            try await test.advance(by: .seconds(5))
            try test.topic("orders.eu").requireHandled(2)
            #expect(test.topic("orders.eu").runs.map(\.time) == [.zero, .seconds(5)])
        }
    }

    @Test func whatDoesNotComeToRestIsNamed() async throws {
        let options = TestHubOptions(patience: .milliseconds(300))
        try await withTestHub(try Self.configuration(), options: options) { test in
            let gate = Observed(false)
            try await test.hub.subscribe(to: "orders.eu") { _ in
                _ = await gate.first(within: .seconds(600)) { $0 }
            }
            let message = Message("one book")
            let error = await #expect(throws: TestHubError.self) { try await test.publish(message, to: "orders.eu") }
            #expect(error?.code == .unsettled)
            #expect(
                error?.description.hasPrefix(
                    "publishing to orders.eu has not come to rest within 300ms: 1 handler runs: the handler of "
                        + "orders.eu at attempt 1 of message \(message.id)") == true)
            gate.change { $0 = true }
            try await test.settled()
            try test.topic("orders.eu").requireHandled(1)
        }
    }

    @Test func aHandlerThatTheEndDoesNotWaitForIsCancelled() async throws {
        let options = TestHubOptions(patience: .milliseconds(300))
        let (began, cancelled, gate) = (Observed(false), Observed(false), Observed(false))
        let error = await #expect(throws: TestHubError.self) {
            try await withTestHub(try Self.configuration(), options: options) { test in
                try await test.hub.subscribe(to: "orders.eu") { _ in
                    await withTaskCancellationHandler {
                        began.change { $0 = true }
                        await Task { _ = await gate.first(within: .seconds(600)) { $0 } }.value
                    } onCancel: {
                        cancelled.change { $0 = true }
                    }
                }
                try await test.hub.publish(Message("one book"), to: "orders.eu")
                _ = await began.first(within: .seconds(10)) { $0 }
            }
        }
        #expect(error?.code == .unsettled)
        #expect(await cancelled.first(within: .seconds(10)) { $0 } == true)
        gate.change { $0 = true }
    }

    @Test func theErrorOfTheBodyAndOfTheStartArriveAsTheyAre() async throws {
        await #expect(throws: Broken.self) { try await withTestHub(try Self.configuration()) { _ in throw Broken() } }
        var configuration = try Self.configuration()
        configuration.brokers["main"] = BrokerConfiguration("carrier-pigeon")
        await #expect(throws: ConfigurationError.self) { try await withTestHub(configuration) { _ in } }
    }

    @Test func whatStillRunsAtTheEndIsCancelledAfterItsGraceInVirtualTime() async throws {
        let ended = Observed<[Bool]>([])
        let configuration = try Self.configuration()
        try await SystemTime.shared.bounded("the end of a test hub", within: .seconds(120)) {
            try await withTestHub(configuration) { test in
                try await test.hub.subscribe(to: "orders.eu") { [time = test.time] delivery in
                    let work = delivery.message.body.text == "long" ? 2000 : 20
                    do { try await time.sleep(for: .seconds(work)) } catch {
                        ended.change { $0.append(false) }
                        throw error
                    }
                    ended.change { $0.append(true) }
                }
                try await test.hub.publish(Message("short"), to: "orders.eu")
                try await test.hub.publish(Message("long"), to: "orders.eu")
                try await test.settled()
            }
        }
        #expect(ended.value == [true, false])
    }

    @Test func aDecoratorStandsBeforeEachBroker() async throws {
        final class Full: BrokerDecorator {
            let base: any MessageBroker
            init(_ base: any MessageBroker) { self.base = base }
            func publish(
                _ messages: [Message], to destination: Destination, options: PublishOptions
            ) async throws(PublishFailure) -> PublishReceipt {
                throw .refused(BrokerError(.tooLarge, "planned"), count: messages.count)
            }
        }
        let options = TestHubOptions(decorating: { broker, _ in broker.name == "main" ? Full(broker) : broker })
        try await withTestHub(try Self.configuration(), options: options) { test in
            await #expect(throws: PublishFailure.self) { try await test.publish(Message("one"), to: "orders.eu") }
            #expect(test.topic("orders.eu").refused.map(\.error?.sentence) == ["planned"])
            try test.topic("orders.eu").requirePublished(0)
            try await test.publish(Message("one"), to: "shipments")
            try test.topic("shipments").requirePublished(1)
        }
    }
}
