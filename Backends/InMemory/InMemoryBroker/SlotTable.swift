import Messaging

/// The messages that an inbox has taken on, each in a slot from its arrival (queue) or its first hand-out (group) until
/// it is settled. Messages and marks stand in arrays of their own, so that a mark is read without copying a message.
struct SlotTable: Sendable {
    /// What is known of the message in a slot.
    struct Mark: Sendable {
        /// The order of its arrival; in a group its offset.
        let order: UInt64
        let size: Int32
        /// The attempt of its next delivery; 0: the slot is free.
        var attempt: Int32
        let priority: UInt8
        let isTransient: Bool
        /// Whether its expiration has to be looked at.
        let isTimed: Bool
        /// In a free slot: the slot that was freed after it.
        fileprivate var nextFree: UInt32?

        init(_ message: borrowing Message, order: UInt64, size: Int, attempt: Int32 = 1) {
            self.order = order
            self.size = Int32(clamping: size)
            self.attempt = attempt
            priority = message.priority
            isTransient = message.deliveryMode == .transient
            isTimed = message.isTimed
        }

        var isFree: Bool { attempt == 0 }

        /// Marks the slot as free; the size of the message that was in it.
        fileprivate mutating func free() -> Int32 {
            attempt = 0
            nextFree = nil
            return size
        }
    }

    /// The message in each slot; nil in a free one.
    private(set) var messages: [Message?] = []
    private(set) var marks: [Mark] = []
    /// The slots that are free, chained through the marks: the one freed first is used first, so that publishers and
    /// consumers on two cores do not hand the same memory to and fro.
    private var firstFree: UInt32?
    private var lastFree: UInt32 = 0
    private(set) var count = 0
    private(set) var bytes = 0

    /// Puts a message into a slot.
    mutating func insert(_ message: consuming Message, _ mark: Mark) -> UInt32 {
        count &+= 1
        bytes &+= Int(mark.size)
        if let slot = firstFree {
            firstFree = marks[Int(slot)].nextFree
            marks[Int(slot)] = mark
            messages[Int(slot)] = consume message
            return slot
        }
        messages.append(consume message)
        marks.append(mark)
        return UInt32(truncatingIfNeeded: marks.count &- 1)
    }

    /// Empties a slot.
    mutating func remove(_ slot: UInt32) {
        count &-= 1
        bytes &-= Int(marks[Int(slot)].free())
        if firstFree == nil { firstFree = slot } else { marks[Int(lastFree)].nextFree = slot }
        lastFree = slot
        messages[Int(slot)] = nil
    }

    mutating func count(_ slot: UInt32, runs: Int32) { marks[Int(slot)].attempt &+= runs }

    /// The turn of the message in a slot among those that are ready.
    func turn(of slot: UInt32) -> ReadyLanes.Turn { .init(order: marks[Int(slot)].order, slot: slot) }
}
