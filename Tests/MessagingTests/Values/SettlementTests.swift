import Messaging
import Testing

@Suite struct SettlementTests {
    @Test func theFirstFailureIsTheOnlyOneUnlessItIsGiven() {
        let now = Timestamp(milliseconds: 5)
        #expect(Failure("boom", at: now).firstTime == now)
        #expect(Failure("boom", at: now, first: Timestamp(milliseconds: 1)).firstTime == Timestamp(milliseconds: 1))
    }

    @Test func partsAreKept() {
        let outgoing = Outgoing(Message("x"), to: .queue("orders"))
        #expect(outgoing.destination == .queue("orders"))
        #expect(outgoing.message.body == "x")
        let settlement = ReceiptSettlement(Receipt(sequence: 1), .discard(reason: "old"))
        #expect(settlement.receipt == Receipt(sequence: 1))
        guard case .discard(let reason) = settlement.settlement else {
            Issue.record("another settlement")
            return
        }
        #expect(reason == "old")
        #expect(SettlementOutcome.settled != .stale)
    }
}
