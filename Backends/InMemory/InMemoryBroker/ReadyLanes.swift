import Messaging

/// The messages of a queue that are ready to be handed out, by priority: the higher first, and of 16 at least one is the
/// oldest whatever its priority, so that nothing starves.
struct ReadyLanes: Sendable {
    /// Of this many messages at least one is the oldest that waits.
    static let bound = 16

    /// A message's turn: the order of its arrival, and its slot.
    struct Turn: Comparable, BitwiseCopyable, Sendable {
        let order: UInt64
        let slot: UInt32
        static func < (left: Turn, right: Turn) -> Bool { left.order < right.order }
    }

    /// One priority: those never handed out, and those that came back or waited for their time; the oldest first.
    private struct Lane: Sendable {
        var fresh = RingBuffer<Turn>()
        var returned = Heap<Turn>()

        var first: Turn? { isReturnedNext ? returned.first : fresh.first }
        mutating func pop() -> Turn? { isReturnedNext ? returned.popFirst() : fresh.popFirst() }

        private var isReturnedNext: Bool {
            guard let back = returned.first else { return false }
            return fresh.first.map { back < $0 } ?? true
        }
    }

    /// The lane of priority 0, which is the only one of most queues.
    private var lowest = Lane()
    /// Those of the priorities from 1 on.
    private var higher: [Lane]
    private var sinceOldest = 0
    private(set) var count = 0

    /// Lanes for the priorities 0 to `maximumPriority`; a higher one counts as the highest.
    init(maximumPriority: UInt8) { higher = Array(repeating: Lane(), count: Int(maximumPriority)) }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ turn: Turn, priority: UInt8) {
        count &+= 1
        let lane = lane(of: priority)
        if lane == 0 { lowest.fresh.append(turn) } else { higher[lane &- 1].fresh.append(turn) }
    }

    /// Puts a message back to where it was, before those that arrived later.
    mutating func restore(_ turn: Turn, priority: UInt8) {
        count &+= 1
        let lane = lane(of: priority)
        if lane == 0 { lowest.returned.insert(turn) } else { higher[lane &- 1].returned.insert(turn) }
    }

    /// The slot of the message whose turn it is.
    mutating func next() -> UInt32? {
        guard count > 0 else { return nil }
        let lane = higher.isEmpty ? 0 : laneOfNext()
        guard let turn = lane == 0 ? lowest.pop() : higher[lane &- 1].pop() else { return nil }
        count &-= 1
        return turn.slot
    }

    private func lane(of priority: UInt8) -> Int { min(Int(priority), higher.count) }

    private mutating func laneOfNext() -> Int {
        sinceOldest += 1
        if sinceOldest < Self.bound { return higher.lastIndex { $0.first != nil }.map { $0 + 1 } ?? 0 }
        sinceOldest = 0
        let firsts = [lowest.first] + higher.map(\.first)
        let turns = firsts.enumerated().compactMap { lane, first in first.map { (lane, $0) } }
        return turns.min { $0.1 < $1.1 }?.0 ?? 0
    }

    /// The slots of all that is ready, taken out.
    mutating func removeAll() -> [UInt32] {
        var slots: [UInt32] = []
        while let slot = next() { slots.append(slot) }
        return slots
    }
}
