import Messaging
import MessagingHub
import MessagingTesting
import Testing

@Suite("Topics that are deprecated or retired") struct TopicLifecycleTests {
    private func fixture(_ lifecycle: TopicLifecycle, as kind: DestinationKind = .queue) throws -> HubFixture {
        var fixture = HubFixture()
        try fixture.route("orders", as: kind)
        try fixture.route("orders.old", as: kind) { $0.lifecycle = lifecycle }
        return fixture
    }

    @Test("S0-74 a deprecated topic works with a warning for each publisher and subscription; a retired one is refused")
    func lifecycle() async throws {
        let old = try fixture(.deprecated(replacement: "orders"))
        try await old.run { hub in
            let handled = Recorder<MessageID>()
            try await hub.subscribe(to: "orders.old") { handled.add($0.message.id) }
            for _ in 0..<3 { try await hub.publish(Message("a"), to: "orders.old") }
            try await hub.publish(Message("b"), to: "orders")
            try await eventually("all are handled") { handled.count == 3 }
        }
        let warnings = old.log.records.filter { $0.message.contains("deprecated") }
        #expect(
            warnings.map(\.message) == [
                "topic deprecated", "subscribed to a deprecated topic", "publishing to a deprecated topic",
            ])
        #expect(
            warnings.allSatisfy {
                $0.level == .warning && $0["messaging.destination.name"] == "orders.old"
                    && $0["hub.replacement"] == "orders" && $0["hub.route"] == "orders.old"
            })

        let gone = try fixture(.retired(replacement: "orders"))
        try await gone.run { hub in
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish([Message("a"), Message("b")], to: "orders.old")
            }
            #expect(failure?.outcomes.count == 2 && failure?.first.code == .noSuchDestination)
            #expect(
                failure?.first.sentence == "topic orders.old is retired by route orders.old; publish to orders instead,"
                    + " or take lifecycle: retired from the route")
            let error = await #expect(throws: BrokerError.self) { try await hub.subscribe(to: "orders.old") { _ in } }
            #expect(error?.sentence.contains("is retired by route orders.old; subscribe to orders instead") == true)
            #expect(hub.metrics().publishFailed == 2 && hub.metrics().published == 0)
        }
        await #expect(throws: (any Error).self) { try await gone.depth(of: "orders.old") }
    }

    @Test("a topic without a replacement is refused with what is left to do")
    func withoutReplacement() async throws {
        let gone = try fixture(.retired(replacement: nil), as: .pubSub)
        try await gone.run { hub in
            let failure = await #expect(throws: PublishFailure.self) {
                try await hub.publish(Message("a"), to: "orders.old")
            }
            #expect(failure?.first.sentence.contains("retired by route orders.old; leave it out, or") == true)
            await #expect(throws: BrokerError.self) { try await hub.request(Message("a"), to: "orders.old") }
            await #expect(throws: BrokerError.self) {
                try await hub.subscribe(to: TopicPattern("orders.old", style: .amqp)) { _ in }
            }
        }
    }

    @Test("what handlers send on to a deprecated topic is a use, and a topic that is active is none")
    func forwarding() async throws {
        let old = try fixture(.deprecated(replacement: nil))
        try await old.run { hub in
            let handled = Recorder<MessageID>()
            try await hub.subscribe(to: "orders.old") { handled.add($0.message.id) }
            try await hub.subscribe(forwardingFrom: "orders") { [ForwardedMessage($0.message, to: "orders.old")] }
            for _ in 0..<2 { try await hub.publish(Message("a"), to: "orders") }
            try await eventually("both are handled") { handled.count == 2 }
        }
        let warnings = old.log.records.filter { $0.message.contains("deprecated") }
        #expect(warnings.map { $0["messaging.destination.name"] } == Array(repeating: "orders.old", count: 3))
        #expect(warnings.allSatisfy { $0["hub.replacement"] == nil })
    }
}
