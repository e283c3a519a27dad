import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct AuditTests {
    @Test("S0-95 the audit sink is told who did what with each message, and when")
    func audit() async throws {
        let (audit, time) = (AuditCollector(), VirtualTime())
        var fixture = HubFixture(time: time)
        fixture.environment.audit = audit
        fixture.environment.actor = "billing"
        try fixture.route("orders", as: .stream) {
            $0.groups = ["bills": .init()]
            $0.order = .perKey
            $0.retry = RetryPolicy(attempts: 2, delay: .zero)
        }
        let (good, bad) = (Message(type: "good"), Message(type: "bad", key: "secret", headers: ["secret": "too"]))
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { if $0.message.type == "bad" { throw Failing() } }
            for message in [good, bad] { try await hub.publish(message, to: "orders") }
            var refused = Message(type: "refused")
            refused.priority = 11
            _ = await outcome { [refused] in try await hub.publish(refused, to: "orders") }
            try await eventually("all") { hub.metrics().handled == 1 && hub.metrics().deadLettered == 1 }
        }
        func actions(_ type: String) -> [AuditRecord.Action] { audit.records.filter { $0.type == type }.map(\.action) }
        #expect(Set(actions("good")) == [.published, .received, .handled] && actions("good").count == 3)
        #expect(actions("bad").filter { $0 != .published } == [.received, .failed, .received, .failed, .deadLettered])
        #expect(actions("refused") == [.notPublished])
        for record in audit.records {
            #expect(record.actor == "billing" && record.topic == "orders" && record.broker == "memory")
            #expect(record.time == time.now)
            let isPublished = [.published, .notPublished].contains(record.action)
            #expect(record.group == (isPublished ? nil : "bills") && (record.attempt == nil) == isPublished)
            #expect(!"\(record)".contains("secret"))
        }
        #expect(audit.records.first { $0.action == .received && $0.type == "good" }?.messageID == good.id)
        #expect(audit.records.filter { $0.action == .failed }.map(\.attempt) == [1, 2])
        #expect(audit.records.first { $0.action == .failed }?.detail == "failing on purpose")
        #expect(audit.records.first { $0.action == .deadLettered }?.detail == "exhausted")
        #expect(audit.records.first { $0.action == .notPublished }?.detail?.contains("priority 11") == true)
    }
}
