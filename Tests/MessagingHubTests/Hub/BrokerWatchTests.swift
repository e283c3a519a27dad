import Messaging
import MessagingHub
import MessagingTesting
import Testing

/// What brokers report by themselves, as it is logged and metered.
@Suite(.timeLimit(.minutes(5))) struct BrokerWatchTests {
    @Test func aBrokerThatAcceptsNothingIsLoggedWhenItBeginsAndWhenItEndsWithHowLongItTook() async throws {
        let (time, log, sink, broker) = (VirtualTime(), LogCollector(), MetricsCollector(), ReportingBroker())
        let environment = HubEnvironment(time: time, log: log, logLevel: .info, metrics: sink)
        let metrics = try await broker.withHub(environment) { hub in
            broker.report(.blocked("low on memory"), .blocked("low on memory and disk"))
            time.advance(by: .milliseconds(1_500))
            broker.report(.unblocked, .unblocked, .blocked("low on disk"))
            time.advance(by: .milliseconds(250))
            // Its end comes with that of the connection.
            broker.report(.down(BrokerError(.notConnected, "it is gone")), .unblocked, .up)
            return hub.metrics()
        }
        let (begun, ended) = (log.records(of: "broker blocked"), log.records(of: "broker unblocked"))
        #expect(begun.map { $0["reason"] } == ["low on memory", "low on disk"])
        #expect(ended.map { $0["duration_s"] } == ["1.500000", "0.250000"])
        #expect((begun + ended).allSatisfy { $0["hub.broker"] == "fake" })
        #expect(begun.allSatisfy { $0.level == .warning } && ended.allSatisfy { $0.level == .info })
        #expect(metrics["BrokerBlocks"] == 2 && metrics["BrokerBlockedTotal"] == 1_750_000_000)
        #expect(sink.sum(of: "BrokerBlocks") == 2 && sink.sum(of: "BrokerBlockedTotal") == 1.75e9)
    }
}
