import Messaging
import Testing

@testable import InMemoryBroker

@Suite struct SlotTableTests {
    private func insert(_ order: UInt64, into table: inout SlotTable) -> UInt32 {
        let message = Message(Body("\(order)"))
        return table.insert(message, .init(message, order: order, size: Int(order)))
    }

    @Test func freedSlotsAreUsedAgainTheFirstOneFirst() {
        var table = SlotTable()
        let slots = (1...4).map { insert($0, into: &table) }
        #expect(slots == [0, 1, 2, 3])
        for slot in [1, 3, 0] as [UInt32] { table.remove(slot) }
        #expect(table.count == 1)
        #expect(table.bytes == 3)
        #expect((5...8).map { insert($0, into: &table) } == [1, 3, 0, 4])
        #expect(table.messages.map { $0?.body.text } == ["7", "5", "3", "6", "8"])
        #expect(table.count == 5)
        #expect(table.bytes == 3 + 5 + 6 + 7 + 8)
    }

    @Test func aFreedSlotKeepsNothingOfItsMessage() {
        var table = SlotTable()
        let slot = insert(1, into: &table)
        table.remove(slot)
        #expect(table.messages == [nil])
        #expect(table.marks[0].isFree)
        #expect(table.bytes == 0)
    }
}
