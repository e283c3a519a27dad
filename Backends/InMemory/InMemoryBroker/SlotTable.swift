import Messaging

/// The messages of an inbox that wait out of order: those that came back, that wait for their time, or that have a priority.
/// Each is in a slot, whose number stands for it in heaps and lanes.
struct SlotTable: Sendable {
    private var messages: [Message?] = []
    private var marks: [Mark?] = []
    private var free: [UInt32] = []
    private(set) var bytes = 0

    var count: Int { marks.count &- free.count }

    mutating func insert(_ message: consuming Message, _ mark: Mark) -> UInt32 {
        bytes &+= Int(mark.size)
        if let slot = free.popLast() {
            marks[Int(slot)] = mark
            messages[Int(slot)] = consume message
            return slot
        }
        messages.append(consume message)
        marks.append(mark)
        return UInt32(truncatingIfNeeded: marks.count &- 1)
    }

    /// Empties a slot; what was in it.
    @discardableResult
    mutating func remove(_ slot: UInt32) -> (message: Message, mark: Mark)? {
        guard let mark = marks[Int(slot)].take(), let message = messages[Int(slot)].take() else { return nil }
        bytes &-= Int(mark.size)
        free.append(slot)
        return (message, mark)
    }

    func mark(of slot: UInt32) -> Mark? { marks[Int(slot)] }
    func message(of slot: UInt32) -> Message? { messages[Int(slot)] }
    /// Where each of the messages stands.
    var orders: [UInt64] { marks.compactMap { $0?.order } }
}
