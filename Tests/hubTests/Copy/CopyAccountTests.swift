import Messaging
import Testing

@testable import hub

@Suite struct CopyAccountTests {
    private let sets = CopyBench.messages(5)

    /// One that arrived and came again, one that arrived twice without being begun again, one that was given up, two on their way.
    private func account() -> CopyAccount {
        let account = CopyAccount()
        for message in sets { account.begin(message.id) }
        for message in [sets[0], sets[1], sets[1]] { account.received(message) }
        account.begin(sets[0].id)
        account.received(sets[0])
        for _ in 0..<2 { account.deadLettered(sets[2].id) }
        return account
    }

    @Test func eachMessageCountsOnceAndWhatIsGivenAgainIsADuplicate() {
        let counts = account().counts
        #expect((counts.sent, counts.received, counts.deadLettered) == (5, 2, 1))
        #expect((counts.duplicated, counts.lost, counts.bytes) == (2, 2, 12))
    }

    @Test func theLedgerSaysWhatBecameOfAllAndInWhatTime() {
        var counts = account().counts
        let text = CopyText.ledger(counts, .milliseconds(61_235), .plain)
        #expect(text == "sent 5, received 2, dead-lettered 1, duplicated 2, lost 2 in 61.24 s")
        (counts.filtered, counts.skipped, counts.sent) = (3, 4, 1005)
        let more = CopyText.ledger(counts, .zero, .plain)
        #expect(
            more
                == "sent 1,005, received 2, dead-lettered 1, duplicated 2, filtered 3, skipped 4, lost 1,002 in 0.00 s")
        #expect(
            CopyText.json(counts, .milliseconds(1500))
                == #"{"sent":1005,"received":2,"deadLettered":1,"duplicated":2,"filtered":3,"skipped":4,"lost":1002,"#
                + #""bytes":12,"seconds":1.50}"#)
    }
}
