import Messaging
import MessagingHub
import Testing

@Suite struct LedgerTests {
    private let queue = Destination.queue("orders")
    private let stream = Destination.stream("log")

    private func messages(_ count: Int, key: String? = nil) -> [Message] {
        (0..<count).map { _ in Message(key: key) }
    }

    @Test func sentIsHandledPlusDeadLetteredPlusLost() {
        let all = messages(10)
        var ledger = Ledger()
        for message in all { ledger.sent(message, to: queue) }
        for message in all.prefix(6) { ledger.handled(message.id, from: queue) }
        for message in all[6..<8] { ledger.deadLettered(message.id, from: queue) }
        ledger.filtered(all[8].id, from: queue)
        let entry = ledger.entry(of: queue)
        #expect((entry.sent, entry.handled, entry.deadLettered, entry.filtered, entry.lost) == (10, 6, 2, 1, 1))
        let ids = all.map(\.id)
        #expect(entry.examples(of: .sent) == Array(ids.prefix(5)))
        #expect(entry.examples(of: .handled) == Array(ids.prefix(5)))
        #expect(entry.examples(of: .deadLettered) == Array(ids[6..<8]) && entry.examples(of: .filtered) == [ids[8]])
        #expect(entry.groups[0].examples[.lost] == [ids[9]])
        #expect(entry.duplicated == 0)
    }

    @Test func eachFurtherEndIsADuplicate() {
        let all = messages(3)
        var ledger = Ledger()
        for message in all { ledger.sent(message, to: queue) }
        for _ in 0..<3 { ledger.handled(all[0].id, from: queue) }
        ledger.handled(all[1].id, from: queue)
        ledger.deadLettered(all[1].id, from: queue)
        ledger.deadLettered(all[2].id, from: queue)
        let entry = ledger.entry(of: queue)
        #expect((entry.handled, entry.deadLettered, entry.duplicated, entry.lost) == (2, 1, 3, 0))
        #expect(entry.groups[0].examples[.duplicated] == [all[0].id, all[0].id, all[1].id])
    }

    @Test func groupsAreCountedApart() {
        let all = messages(4)
        var ledger = Ledger()
        ledger.expect("b", of: stream)
        for message in all { ledger.sent(message, to: stream) }
        for message in all { ledger.handled(message.id, from: stream, group: "a") }
        let entry = ledger.entry(of: stream)
        #expect(entry.groups.map(\.name) == ["a", "b"])
        #expect(entry.groups.map(\.handled) == [4, 0])
        #expect(entry.lost == 4)
    }

    @Test func orderIsThatOfAKey() {
        let (left, right) = (messages(3, key: "l"), messages(3, key: "r"))
        var ledger = Ledger()
        for message in [left[0], right[0], left[1], right[1], left[2], right[2]] { ledger.sent(message, to: queue) }
        for message in [right[0], right[1], right[2], left[1], left[0], left[2]] {
            ledger.handled(message.id, from: queue)
        }
        let entry = ledger.entry(of: queue)
        #expect(entry.reordered == 1)
        #expect(entry.groups[0].examples[.reordered] == [left[0].id])
    }

    @Test func whatWasNeverConfirmedIsNotHandled() {
        var ledger = Ledger()
        let (handled, dead) = (MessageID(), MessageID())
        ledger.handled(handled, from: queue)
        ledger.deadLettered(dead, from: queue)
        let entry = ledger.entry(of: queue)
        #expect((entry.sent, entry.handled, entry.deadLettered) == (0, 0, 0))
        #expect(entry.examples(of: .unconfirmed) == [handled, dead])
    }

    @Test func anEmptyLedgerHasNoEntries() {
        #expect(Ledger().entries.isEmpty)
        #expect(Ledger().entry(of: queue).sent == 0)
    }

    @Test func aRecorderTakesManyWriters() async {
        let recorder = LedgerRecorder()
        let all = messages(1000)
        await withTaskGroup(of: Void.self) { group in
            for part in 0..<4 {
                group.addTask {
                    for message in all[(part * 250)..<((part + 1) * 250)] {
                        recorder.handled(message.id, from: .queue("orders"))
                        recorder.sent([message], to: .queue("orders"))
                    }
                }
            }
        }
        let entry = recorder.ledger.entry(of: queue)
        #expect((entry.sent, entry.handled, entry.lost) == (1000, 1000, 0))
    }
}
