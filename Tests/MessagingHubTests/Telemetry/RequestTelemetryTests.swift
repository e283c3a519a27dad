import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@testable import MessagingHub

@Suite(.timeLimit(.minutes(5))) struct RequestTelemetryTests {
    private let audit = AuditCollector()
    private let trace = SpanCollector()

    private func fixture() throws -> HubFixture {
        var fixture = HubFixture()
        (fixture.environment.audit, fixture.environment.trace) = (audit, trace)
        try fixture.route("squares")
        return fixture
    }

    private func actions(on topic: String) -> [AuditRecord.Action] {
        audit.records.filter { $0.topic == topic }.map(\.action)
    }

    private func span(_ name: String) throws -> SpanRecord {
        let spans = trace.spans.filter { $0.name == name }
        #expect(spans.count == 1)
        return try #require(spans.first)
    }

    @Test("A request and its reply are seen as what is published is", arguments: RequestWay.allCases)
    func seen(way: RequestWay) async throws {
        let seen = Recorder<Headers>()
        try await way.run(try fixture()) { hub in
            try await hub.respond(to: "squares") { delivery in
                seen.add(delivery.message.headers)
                return Message("sixteen")
            }
            #expect(try await hub.request(Message("four"), to: "squares").body == "sixteen")
            try await eventually("handled") { hub.metrics().handled == 1 }
            let metrics = hub.metrics()
            #expect(metrics.published == 2 && metrics.publishFailed == 0)
            #expect(metrics["BytesPublished"] == 11)
        }
        #expect(Set(actions(on: "squares")) == [.published, .received, .handled] && actions(on: "squares").count == 3)
        #expect(actions(on: "hub-reply") == [.published])
        let (request, process, reply) = (
            try span("publish squares"), try span("process squares"), try span("publish hub-reply")
        )
        #expect(seen.all.map { TraceContext($0)?.traceparent } == [request.context.traceparent])
        #expect(process.links.map(\.traceparent) == [request.context.traceparent])
        #expect(reply.parent == process.context)
    }

    @Test("What is not asked, and what is not answered in time, is told apart", arguments: RequestWay.allCases)
    func failures(way: RequestWay) async throws {
        try await way.run(try fixture()) { hub in
            let gate = Signal()
            try await hub.respond(to: "squares") { _ in
                await gate.waitUncancelled()
                return Message("late")
            }
            var odd = Message()
            odd.priority = 11
            _ = await outcome { [odd] in try await hub.request(odd, to: "squares") }
            #expect(hub.metrics().published == 0 && hub.metrics().publishFailed == 1)
            _ = await outcome { try await hub.request(Message(), to: "squares", within: .milliseconds(200)) }
            #expect(hub.metrics().published == 1 && hub.metrics().publishFailed == 1)
            gate.fire()
            try await eventually("handled") { hub.metrics().handled == 1 }
            #expect(hub.metrics().publishFailed == 1)
        }
        let request = actions(on: "squares").filter { $0 == .published || $0 == .notPublished }
        #expect(request == [.notPublished, .published])
    }
}
