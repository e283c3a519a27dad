import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

/// The way of one message, each step told by whoever does it.
@Suite(.timeLimit(.minutes(5))) struct StandardFlowTests {
    /// A question that says when it is encoded, and when it is decoded.
    private struct Query: Codable, Sendable {
        static let steps = Recorder<String>()
        let text: String

        init(_ text: String) { self.text = text }

        init(from decoder: any Decoder) throws {
            Self.steps.add("decoded")
            text = try decoder.singleValueContainer().decode(String.self)
        }

        func encode(to encoder: any Encoder) throws {
            Self.steps.add("encoded")
            var container = encoder.singleValueContainer()
            try container.encode(text)
        }
    }

    /// Tells of calls of `publish` and of runs of handlers.
    private struct Steps: Middleware {
        func publish(_ call: PublishCall, next: Next<PublishCall, Published>) async throws -> Published {
            Query.steps.add("published")
            return try await next(call)
        }
    }

    /// Tells where a message goes, and that it is accepted.
    private struct Told: BrokerDecorator {
        let base: any MessageBroker

        func publish(
            _ message: Message, to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            Query.steps.add("routed to \(destination)")
            return try await base.publish(message, to: destination, options: options)
        }

        func publish(
            _ messages: [Message], to destination: Destination, options: PublishOptions
        ) async throws(PublishFailure) -> PublishReceipt {
            Query.steps.add("routed to \(destination)")
            return try await base.publish(messages, to: destination, options: options)
        }

        func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
            Accepted(base: try await base.subscribe(subscription))
        }
    }

    private struct Accepted: ConsumerDecorator {
        let base: any MessageConsumer

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
            let outcomes = await base.settle(settlements)
            for case .accept in settlements.map(\.settlement) { Query.steps.add("accepted") }
            return outcomes
        }

        func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
            await settle([ReceiptSettlement(receipt, settlement)]).first ?? .stale
        }
    }

    @Test("S2-33 a message is made, encoded, published, routed, decoded, handled and accepted, in one trace")
    func oneMessage() async throws {
        let (trace, topic) = (SpanCollector(), TypedTopic<Query>("query.request"))
        var fixture = HubFixture()
        try fixture.route("query.request")
        (fixture.environment.trace, fixture.environment.processSpans) = (trace, .parented)
        fixture.environment.middlewares = [Steps()]
        let server = fixture.server
        let factory = BrokerFactory(.inMemory) { (name, _, _) throws(BrokerError) -> any MessageBroker in
            Told(base: InMemoryBroker(server, name: name))
        }
        let seen = Recorder<Message>()
        try await withHub(fixture.configuration, brokers: [factory], environment: fixture.environment) { hub in
            try await hub.subscribe(to: topic) { query, delivery in
                Query.steps.add("handled \(query.text)")
                seen.add(delivery.message)
            }
            Query.steps.add("made")
            try await hub.publish(Query("what?"), to: topic, headers: ["sender": "my_agent"])
            try await eventually("it is accepted") { Query.steps.all.last == "accepted" }
        }
        #expect(
            Query.steps.all == [
                "made", "encoded", "published", "routed to queue query.request", "decoded", "handled what?", "accepted",
            ])
        #expect(seen.all.map(\.type) == ["Query"] && seen.all[0].headers["sender"] == "my_agent")
        let spans = ["publish query.request", "process query.request"].map { name in
            trace.spans.filter { $0.name == name }
        }
        #expect(spans.map(\.count) == [1, 1])
        #expect(Set(spans.joined().map(\.context.traceID)).count == 1)
        #expect(spans.joined().allSatisfy { $0.attributes["messaging.message.id"] == seen.all[0].id.description })
    }
}
