import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

/// What a metrics sink gets beside what each message gives.
@Suite(.timeLimit(.minutes(5))) struct MetricsReportTests {
    /// The last value of each instrument.
    private final class Gauges: MetricsSink {
        private struct Setter: Instrument {
            let description: InstrumentDescription
            let gauges: Gauges
            func record(_ value: Double) { gauges.values.change { $0[description] = value } }
        }

        let values = Observed<[InstrumentDescription: Double]>([:])

        func instrument(_ description: InstrumentDescription) -> any Instrument {
            Setter(description: description, gauges: self)
        }

        func value(_ name: String, at topic: String? = nil, group: String? = nil) -> Double? {
            values.value.first { description, _ in
                description.name == name && description.labels["messaging.destination.name"] == topic
                    && description.labels["messaging.consumer.group.name"] == group
            }?.value
        }
    }

    private func fixture(_ gauges: Gauges) throws -> HubFixture {
        var fixture = HubFixture()
        fixture.environment.metrics = gauges
        fixture.environment.metricsInterval = .milliseconds(10)
        try fixture.route("orders") { $0.concurrency = 1 }
        try fixture.route("events", as: .stream) { $0.groups = ["bills": .init(), "mails": .init()] }
        return fixture
    }

    @Test("S0-100 the gauge of a destination equals what is unprocessed, of each group on a stream")
    func backlog() async throws {
        let gauges = Gauges()
        try await fixture(gauges).run { hub in
            try await hub.publish((0..<7).map { _ in Message() }, to: "orders")
            try await hub.publish((0..<5).map { _ in Message() }, to: "events")
            let name = "hub.destination.messages"
            try await eventually("seven wait") { gauges.value(name, at: "orders") == 7 }
            for group in ["bills", "mails"] {
                try await eventually("five for \(group)") { gauges.value(name, at: "events", group: group) == 5 }
            }
            let (begun, goOn) = (Observed(0), Observed(false))
            try await hub.subscribe(to: "orders") { _ in
                begun.change { $0 += 1 }
                if begun.value > 3 { _ = await goOn.first(within: .seconds(60)) { $0 } }
            }
            try await hub.subscribe(to: "events", group: "bills") { _ in }
            try await eventually("four are left, one of them in work") { gauges.value(name, at: "orders") == 4 }
            try await eventually("none for bills") { gauges.value(name, at: "events", group: "bills") == 0 }
            #expect(gauges.value(name, at: "events", group: "mails") == 5)
            goOn.change { $0 = true }
            try await eventually("none") { gauges.value(name, at: "orders") == 0 }
        }
    }

    @Test("S0-101 connections are exported, and on Linux the memory of the process")
    func process() async throws {
        let gauges = Gauges()
        try await fixture(gauges).run { _ in
            try await eventually("a connection") { gauges.value("hub.connections") == 1 }
            #if os(Linux)
                try await eventually("memory") { gauges.value("process.memory.usage") ?? 0 > 1_000_000 }
            #endif
        }
    }

    @Test func brokersThatAcceptNothingForNowAreExported() async throws {
        let (gauges, broker) = (Gauges(), ReportingBroker())
        var environment = HubEnvironment(log: NoLog(), metrics: gauges)
        environment.metricsInterval = .milliseconds(10)
        try await broker.withHub(environment) { _ in
            try await eventually("all accept") { gauges.value("hub.blocked") == 0 }
            broker.report(.blocked("low on memory"))
            try await eventually("one does not") { gauges.value("hub.blocked") == 1 }
            broker.report(.unblocked)
            try await eventually("it does again") { gauges.value("hub.blocked") == 0 }
        }
    }

    @Test func withoutASinkNobodyAsks() async throws {
        let fixture = HubFixture()
        #expect(fixture.environment.metrics == nil)
        try await fixture.run { hub in
            #expect(hub.metrics().named.allSatisfy { $0.value == 0 || $0.name.hasPrefix("Conn") })
        }
    }
}
