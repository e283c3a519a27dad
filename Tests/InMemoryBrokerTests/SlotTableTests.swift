import Messaging
import Testing

@testable import InMemoryBroker

@Suite struct SlotTableTests {
    private func insert(_ order: UInt64, into table: inout SlotTable) -> UInt32 {
        let message = Message(Body("\(order)"))
        return table.insert(message, .init(message, order: order, size: Int(order)))
    }

    @Test func freedSlotsAreUsedAgain() {
        var table = SlotTable()
        let slots = (1...4).map { insert($0, into: &table) }
        #expect(slots == [0, 1, 2, 3])
        for slot in [1, 3, 0] as [UInt32] { #expect(table.remove(slot)?.mark.order == UInt64(slot) + 1) }
        #expect(table.count == 1)
        #expect(table.bytes == 3)
        let again = (5...8).map { insert($0, into: &table) }
        #expect(Set(again) == [0, 1, 3, 4])
        #expect(table.count == 5)
        #expect(table.bytes == 3 + 5 + 6 + 7 + 8)
        for (slot, order) in zip(again, 5...8) { #expect(table.remove(slot)?.message.body.text == "\(order)") }
    }

    @Test func aFreedSlotKeepsNothingOfItsMessage() {
        var table = SlotTable()
        let slot = insert(1, into: &table)
        table.remove(slot)
        #expect(table.remove(slot) == nil)
        #expect(table.mark(of: slot) == nil)
        #expect(table.count == 0)
        #expect(table.bytes == 0)
    }
}
