import Messaging
import MessagingReliability
import Testing

@testable import MessagingHub

@Suite struct PublishRetryTests {
    private let full = BrokerError(.resourceExhausted, "full")
    private let large = BrokerError(.tooLarge, "large")
    private let gone = BrokerError(.notConnected, "gone")
    private let kept = BrokerError(.orderKept, "behind another one")

    private func again(
        _ outcomes: [Int: PublishFailure.Outcome], keys: [String?] = [nil, nil, nil, nil], duplicates: Bool = true
    ) -> [Int] {
        let failure = PublishFailure(outcomes, of: keys.count)
        return PublishRetry.split(failure, of: keys.map { Message(key: $0) }, acceptsDuplicates: duplicates).again
    }

    @Test func whatMaySucceedLaterIsRepeated() {
        #expect(again([0: .refused(full), 1: .refused(large), 3: .refused(gone)]) == [0, 3])
    }

    @Test func whatMayHaveArrivedIsRepeatedOnlyWhereDuplicatesAreAccepted() {
        #expect(again([0: .unknown(gone), 1: .refused(gone)]) == [0, 1])
        #expect(again([0: .unknown(gone), 1: .refused(gone)], duplicates: false) == [1])
    }

    @Test func whatWasRefusedToKeepTheOrderFollowsItsPredecessor() {
        let keys: [String?] = ["a", "b", "a", "b"]
        #expect(
            again([0: .refused(full), 1: .refused(large), 2: .refused(kept), 3: .refused(kept)], keys: keys) == [0, 2])
    }

    @Test func whatIsCancelledIsNotRepeated() {
        #expect(again([0: .refused(BrokerError(.cancelled, "")), 1: .unknown(BrokerError(.cancelled, ""))]) == [])
    }

    @Test func anIndexThatWasNotInTheCallIsPassedOver() {
        #expect(again([7: .refused(full), -1: .refused(full)]) == [])
    }
}
