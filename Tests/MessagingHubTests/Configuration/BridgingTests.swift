import InMemoryBroker
import Messaging
import MessagingHub
import Testing

@Suite("What is sent on from one broker to another") struct BridgingTests {
    private func notes(limits: BrokerLimits, without refused: [BrokerCapabilities.Operation] = []) -> [String] {
        var capabilities = BrokerProfile.inMemory.capabilities
        for operation in refused { capabilities.operations[.queue]?[operation] = .refused(reason: "it cannot") }
        let other = BrokerProfile(
            type: "other", scheme: "other", options: OptionGroup([]), capabilities: capabilities, limits: limits)
        let configuration = HubConfiguration(
            brokers: ["home": BrokerConfiguration(.inMemory), "away": BrokerConfiguration("other")], routes: [:])
        let report = configuration.report(profiles: [.inMemory, other], registered: [])
        #expect(report.brokers.first { $0.name == "home" }?.notes.contains { $0.contains("sent on") } == false)
        return report.brokers.first { $0.name == "away" }?.notes.filter { $0.contains("sent on") } ?? []
    }

    @Test func brokersThatCarryTheSameHaveNothingToSay() {
        #expect(notes(limits: BrokerProfile.inMemory.limits).isEmpty)
    }

    @Test func whatTheOtherRefusesIsNamed() {
        let limits = BrokerProfile.inMemory.limits.with { limits in
            limits.maximumBodyBytes = 100
            limits.maximumHeaders = 5
            limits.headerGrammar = .line
            limits.maximumPriority = 9
        }
        #expect(
            notes(limits: limits, without: [.priority, .nullBody]) == [
                "refuses of what is sent on from broker home: priorities (queue), null bodies (queue), "
                    + "bodies over 100 bytes, more than 5 headers, priorities over 9, "
                    + "header values that are not one line of text"
            ])
    }
}
