import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct TracingTests {
    private static let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    private let trace = SpanCollector()

    private func fixture(_ edit: (inout HubEnvironment) -> Void = { _ in }) throws -> HubFixture {
        var fixture = HubFixture()
        fixture.environment.trace = trace
        edit(&fixture.environment)
        try fixture.route("orders")
        try fixture.route("bills")
        return fixture
    }

    /// Publishes to a queue whose handler takes the headers of each message.
    private func headers(of messages: [Message], in fixture: HubFixture) async throws -> [Headers] {
        let seen = Recorder<Headers>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { seen.add($0.message.headers) }
            if messages.count == 1 {
                try await hub.publish(messages[0], to: "orders")
            } else {
                try await hub.publish(messages, to: "orders")
            }
            try await eventually("all") { hub.metrics().handled == messages.count }
        }
        return seen.all
    }

    private func spans(_ name: String) -> [SpanRecord] { trace.spans.filter { $0.name == name } }

    @Test func aMessageWithoutAContextGetsThatOfItsPublish() async throws {
        let seen = try await headers(of: [Message("four", type: "t")], in: fixture())
        let context = try #require(TraceContext(seen[0]))
        let publish = try #require(spans("publish orders").first)
        #expect(publish.context.traceparent == context.traceparent)
        #expect(publish.kind == .producer && publish.parent == nil && publish.links.isEmpty && publish.error == nil)
        #expect(publish.attributes["messaging.system"] == "in_memory")
        #expect(publish.attributes["messaging.operation.name"] == "publish")
        #expect(publish.attributes["messaging.operation.type"] == "send")
        #expect(publish.attributes["messaging.destination.name"] == "orders")
        #expect(publish.attributes["messaging.message.body.size"] == "4")
        #expect(publish.attributes["messaging.message.id"] != nil)
        let process = try #require(spans("process orders").first)
        #expect(process.kind == .consumer && process.parent == nil)
        #expect(process.links.map(\.traceparent) == [context.traceparent])
        #expect(process.context.traceID != context.traceID)
        #expect(process.attributes["messaging.operation.type"] == "process")
    }

    @Test func aContextOfTheApplicationIsPassedOn() async throws {
        let own: Headers = ["traceparent": .text(Self.parent), "tracestate": "a=1", "baggage": "tenant=7"]
        let seen = try await headers(of: [Message(headers: own)], in: fixture())
        #expect(seen == [own])
        let publish = try #require(spans("publish orders").first)
        #expect(publish.kind == .client && publish.links.map(\.traceparent) == [Self.parent])
        #expect(spans("process orders").first?.links.map(\.traceparent) == [Self.parent])
    }

    @Test func aProcessSpanIsAChildWhereThatIsAskedFor() async throws {
        let own: Headers = ["traceparent": .text(Self.parent), "tracestate": "a=1"]
        _ = try await headers(of: [Message(headers: own)], in: fixture { $0.processSpans = .parented })
        let process = try #require(spans("process orders").first)
        #expect(process.parent?.traceparent == Self.parent)
        #expect(process.context.traceID == "4bf92f3577b34da6a3ce929d0e0e4736" && process.context.state == "a=1")
    }

    @Test(arguments: ["00-aa-bb-01", "", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
    func aContextOfTheWrongFormIsNeitherFollowedNorPassedOn(_ parent: String) async throws {
        let wrong: Headers = ["traceparent": .text(parent), "tracestate": "a=1", "x": "y"]
        let seen = try await headers(of: [Message(headers: wrong)], in: fixture())
        let context = try #require(TraceContext(seen[0]))
        #expect(seen[0][.tracestate] == nil && seen[0]["x"] == "y")
        #expect(spans("publish orders").map(\.context.traceparent) == [context.traceparent])
        #expect(trace.spans.allSatisfy { $0.context.state == nil })
    }

    /// What another program has put into a queue: a handler runs, links to nothing, and what it publishes is a trace of ours.
    @Test func aWrongContextFromOutsideIsIgnored() async throws {
        let fixture = try fixture()
        let seen = Recorder<Headers>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "bills") { seen.add($0.message.headers) }
            try await hub.subscribe(to: "orders") { _ in try await hub.publish(Message(), to: "bills") }
            let stranger = InMemoryBroker(fixture.server)
            try await stranger.connect { _ in }
            let headers: Headers = ["traceparent": "00-AA-\u{1F4A9}-01", "tracestate": "evil=1", "baggage": "nonsense"]
            try await stranger.publish(Message(headers: headers), to: .queue("orders"))
            try await eventually("both") { hub.metrics().handled == 2 }
            await stranger.close(within: .zero)
        }
        let process = try #require(spans("process orders").first)
        #expect(process.links.isEmpty && process.parent == nil && process.error == nil)
        #expect(seen.all.count == 1)
        #expect(TraceContext(seen.all[0])?.traceID == process.context.traceID)
        #expect(seen.all[0][.tracestate] == nil && seen.all[0][.baggage] == nil)
    }

    @Test func withoutASinkHeadersStayAsTheyAre() async throws {
        let wrong: Headers = ["traceparent": "00-aa-bb-01", "tracestate": "a=1"]
        let seen = try await headers(of: [Message(headers: wrong)], in: fixture { $0.trace = nil })
        #expect(seen == [wrong])
        #expect(try await headers(of: [Message()], in: fixture { $0.trace = nil }) == [Headers()])
    }

    @Test func ofManyEachMessageHasASpanOfItsOwn() async throws {
        let own = Message(headers: ["traceparent": .text(Self.parent)])
        let seen = try await headers(of: [Message(), own, Message()], in: fixture())
        let contexts = seen.compactMap { TraceContext($0)?.traceparent }
        #expect(Set(contexts).count == 3 && contexts.contains(Self.parent))
        let publish = try #require(spans("publish orders").first)
        #expect(spans("publish orders").count == 1 && publish.kind == .client)
        #expect(Set(publish.links.map(\.traceparent)) == Set(contexts))
        #expect(publish.attributes["messaging.batch.message_count"] == "3")
        let created = spans("create orders")
        #expect(created.count == 2 && created.allSatisfy { $0.kind == .producer && $0.parent == publish.context })
    }

    @Test func whatAHandlerPublishesAndSendsOnContinuesItsTrace() async throws {
        let fixture = try fixture()
        let seen = Recorder<Headers>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "bills") { seen.add($0.message.headers) }
            try await hub.subscribe(forwardingFrom: "orders") { _ in
                #expect(TraceContext.current != nil)
                try await hub.publish(Message(), to: "bills")
                return [ForwardedMessage(Message(), to: "bills")]
            }
            try await hub.publish(Message(headers: ["baggage": "tenant=7"]), to: "orders")
            try await eventually("all") { hub.metrics().handled == 3 }
        }
        let process = try #require(spans("process orders").first)
        let publish = try #require(spans("publish bills").first)
        #expect(publish.parent == process.context)
        #expect(spans("create bills").map(\.parent) == [process.context])
        #expect(seen.all.count == 2)
        for headers in seen.all {
            #expect(TraceContext(headers)?.traceID == process.context.traceID)
            #expect(headers[.baggage] == "tenant=7")
        }
        #expect(TraceContext.current == nil)
    }

    @Test func whatABrokerCannotCarryIsNotInjected() async throws {
        let broker = FakeBroker(limits: BrokerLimits().with { $0.maximumHeaders = 0 })
        let configuration = HubConfiguration(
            brokers: ["fake": BrokerConfiguration("fake")],
            routes: ["orders": RouteConfiguration(TopicPattern("orders"), to: "fake", as: .queue)])
        let environment = HubEnvironment(log: NoLog(), trace: trace)
        try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            _ = try await hub.publish(Message("a"), to: "orders")
        }
        #expect(broker.calls.all == [["a"]])
        #expect(spans("publish orders").map(\.kind) == [.client])
    }

    @Test func failuresHaveATypeAndASentence() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { _ in throw Reject("no") }
            try await hub.publish(Message(), to: "orders")
            try await eventually("given up") { hub.metrics().deadLettered == 1 }
            var odd = Message()
            odd.priority = 11
            _ = await outcome { [odd] in try await hub.publish(odd, to: "orders") }
        }
        let process = try #require(spans("process orders").first)
        #expect(process.attributes["error.type"] == "MessagingHub.Reject" && process.error != nil)
        let failed = try #require(spans("publish orders").first { $0.error != nil })
        #expect(failed.attributes["error.type"] == BrokerError.Code.invalidArgument.name)
    }
}
