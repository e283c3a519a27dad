import Messaging
import Testing

@Suite struct PublishingTests {
    private let full = BrokerError(.resourceExhausted, "queue orders is full", during: .publish)
    private let late = BrokerError(.timeout, "no confirmation in 30 s", during: .publish)

    @Test func defaultsAreTheDocumentedOnes() {
        #expect(PublishOptions().deadline == .seconds(30))
        #expect(!PublishOptions().positions)
        #expect(PublishReceipt().positions.isEmpty)
    }

    @Test func textCountsAndNamesTheFirst() {
        let failure = PublishFailure([4: .refused(late), 2: .refused(full)], of: 5)
        #expect(
            failure.description
                == "2 of 5 messages were not confirmed: resourceExhausted: queue orders is full")
        #expect(failure.first == full)
    }

    @Test func textSaysWhatIsNotKnown() {
        let failure = PublishFailure([0: .unknown(late), 1: .refused(full), 7: .unknown(late)], of: 8)
        #expect(
            failure.description == "3 of 8 messages were not confirmed, of 2 it is not known whether they arrived: "
                + "timeout: no confirmation in 30 s")
        #expect(failure.outcomes[0]?.error == late)
    }

    @Test func allRefusedForOneReason() {
        let failure = PublishFailure.refused(BrokerError(.notConnected, "no connection"), count: 3)
        #expect(failure.outcomes.count == 3)
        #expect(failure.count == 3)
        #expect(
            failure.outcomes.values.allSatisfy {
                $0 == .refused(BrokerError(.notConnected, "no connection", during: .publish))
            })
        #expect(PublishFailure.refused(full, count: -1).outcomes.isEmpty)
    }

    @Test func aFailureWithoutOutcomesHasAnError() {
        #expect(PublishFailure([:], of: 1).first.code == .brokerFailure)
    }
}
