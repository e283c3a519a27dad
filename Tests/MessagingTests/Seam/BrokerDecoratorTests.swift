import Foundation
import Messaging
import Testing

@Suite struct BrokerDecoratorTests {
    private struct PassThrough: BrokerDecorator { let base: any MessageBroker }
    private struct ConsumerPassThrough: ConsumerDecorator { let base: any MessageConsumer }

    private let options = PublishOptions(deadline: .seconds(1), positions: true)

    @Test func everyRequirementReachesTheBase() async throws {
        let base = RecordingBroker(name: "main")
        let broker: any MessageBroker = PassThrough(base: PassThrough(base: base))
        #expect(broker.name == "main")
        #expect(broker.type == "recording")
        #expect(broker.capabilities == base.capabilities)
        #expect(broker.limits == base.limits)
        #expect(broker.durability == BrokerDurability(until: .server, "recorded"))
        let events = Lock([BrokerEvent]())
        try await broker.connect { event in events.withLock { $0.append(event) } }
        #expect(events.withLock { $0 } == [.up])
        try await broker.declare([DestinationDeclaration(.queue("a"))])
        let queue = Destination.queue("a")
        #expect(try await broker.publish([Message()], to: queue, options: options).positions == [Position(major: 1)])
        #expect(try await broker.publish(Message(), to: queue, options: options).positions == [Position(major: 2)])
        _ = try await broker.subscribe(Subscription(.stream("a"), group: "g"))
        #expect(await broker.health() == BrokerHealth(.degraded, consumers: 3))
        await broker.close(within: .seconds(2))
        #expect(
            base.calls.withLock { $0 } == [
                "connect", "declare [queue a]", "publish 1 to queue a within 1.0 seconds",
                "publish one to queue a within 1.0 seconds", "subscribe stream a (group g)", "health",
                "close within 2.0 seconds",
            ])
    }

    @Test func everyPowerReachesTheBase() async throws {
        let base = RecordingBroker(name: "main")
        let broker: any MessageBroker = PassThrough(base: PassThrough(base: base))
        let topology = try #require(broker.topology)
        #expect(try await topology.depth(of: .queue("a"), group: nil).held == 2)
        #expect(try await topology.purge(.queue("a")) == 4)
        try await topology.delete(.queue("a"))
        #expect(try await #require(broker.replay).end(of: .stream("a")) == Position(major: 9))
        let requests = try #require(broker.requests)
        #expect(try await requests.request(Message("q"), to: .queue("a"), within: .seconds(1)).body == "q")
        try await requests.reply(Message("r"), to: "b", within: .seconds(1))
        #expect(base.calls.withLock { $0 } == ["depth", "purge", "delete", "end", "request", "reply to b"])
    }

    @Test func whatTheBaseLacksTheDecoratorLacks() {
        let broker = PassThrough(base: PowerlessBroker(base: RecordingBroker(name: "main")))
        #expect(broker.topology == nil && broker.replay == nil && broker.requests == nil)
    }

    @Test func errorsComeThrough() async {
        let broker: any MessageBroker = PassThrough(base: RecordingBroker(name: "main", failing: true))
        await #expect(throws: RecordingBroker.failure) { try await broker.connect { _ in } }
        await #expect(throws: RecordingBroker.failure) { try await broker.declare([]) }
        await #expect(throws: RecordingBroker.failure) { try await broker.subscribe(Subscription(.queue("a"))) }
        await #expect(throws: PublishFailure.refused(RecordingBroker.failure, count: 2)) {
            try await broker.publish([Message(), Message()], to: .queue("a"), options: options)
        }
        await #expect(throws: PublishFailure.refused(RecordingBroker.failure, count: 1)) {
            try await broker.publish(Message(), to: .queue("a"), options: options)
        }
    }

    @Test func everyRequirementOfAConsumerReachesTheBase() async throws {
        let base = RecordingConsumer()
        let consumer: any MessageConsumer = ConsumerPassThrough(base: ConsumerPassThrough(base: base))
        #expect(try await consumer.receive(upTo: 5, within: .seconds(1)).count == 1)
        #expect(consumer.holds(Receipt(sequence: 1)))
        #expect(!consumer.holds(Receipt(sequence: 2)))
        #expect(await consumer.settle([ReceiptSettlement(Receipt(sequence: 1), .accept)]) == [.stale])
        #expect(await consumer.settle(Receipt(sequence: 1), as: .accept) == .settled)
        await consumer.stop()
        await consumer.cancel()
        #expect(
            base.calls.withLock { $0 } == [
                "receive up to 5 within 1.0 seconds", "holds 1", "holds 2", "settle 1", "settle one", "stop", "cancel",
            ])
    }

    /// The tests above name every requirement by hand; this one notices a requirement that is added to a protocol.
    @Test func theTestsAboveKnowEveryRequirement() throws {
        let broker = try requirements(of: "MessageBroker", in: "MessageBroker")
        #expect(
            broker == [
                "name", "type", "capabilities", "limits", "durability", "connect", "declare", "publish", "publish",
                "subscribe", "health", "close", "topology", "replay", "requests",
            ])
        let consumer = try requirements(of: "MessageConsumer", in: "MessageBroker")
        #expect(consumer == ["receive", "holds", "settle", "settle", "stop", "cancel"])
        #expect(try requirements(of: "TopologyAdministration", in: "Powers") == ["depth", "purge", "delete", "delete"])
        #expect(try requirements(of: "Replaying", in: "Powers") == ["reader", "end"])
        #expect(try requirements(of: "Requesting", in: "Powers") == ["request", "reply"])
    }

    /// The names of a protocol's requirements, read from its source.
    private func requirements(of name: String, in file: String) throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let source = try String(
            contentsOf: root.appending(path: "Sources/Messaging/Seam/\(file).swift").standardized, encoding: .utf8)
        let lines = source.split(separator: "\n").drop { !$0.hasPrefix("public protocol \(name):") }.dropFirst()
        return lines.prefix { $0 != "}" }.compactMap { line in
            guard let word = line.firstMatch(of: /^    (?:var|func) (\w+)/) else { return nil }
            return String(word.1)
        }
    }
}
