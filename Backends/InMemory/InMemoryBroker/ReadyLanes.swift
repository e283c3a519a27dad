import Messaging

/// The messages of a queue that are ready to be handed out, by priority: the higher first, and of 16 at least one is the
/// oldest whatever its priority, so that nothing starves.
struct ReadyLanes: Sendable {
    /// Of this many messages at least one is the oldest that waits.
    static let bound = 16

    /// A message's turn: the order of its arrival, and its slot.
    struct Turn: Comparable, Sendable {
        let order: UInt64
        let slot: UInt32
        static func < (left: Turn, right: Turn) -> Bool { left.order < right.order }
    }

    /// One priority: those never handed out, in the order of arrival, and those that came back, which go first.
    private struct Lane: Sendable {
        var fresh = RingBuffer<Turn>()
        var returned = Heap<Turn>()

        var first: Turn? { returned.first ?? fresh.first }
        mutating func pop() -> Turn? { returned.isEmpty ? fresh.popFirst() : returned.popFirst() }
    }

    private var lanes: [Lane]
    private var sinceOldest = 0
    private(set) var count = 0

    /// Lanes for the priorities 0 to `maximumPriority`; a higher one counts as the highest.
    init(maximumPriority: UInt8) {
        lanes = Array(repeating: Lane(), count: Int(maximumPriority) + 1)
    }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ turn: Turn, priority: UInt8) {
        lanes[min(Int(priority), lanes.count - 1)].fresh.append(turn)
        count += 1
    }

    /// Puts a message back to where it was, before those that arrived later.
    mutating func restore(_ turn: Turn, priority: UInt8) {
        lanes[min(Int(priority), lanes.count - 1)].returned.insert(turn)
        count += 1
    }

    /// The slot of the message whose turn it is.
    mutating func next() -> UInt32? {
        guard count > 0, let lane = lanes.count == 1 ? 0 : laneOfNext(), let turn = lanes[lane].pop() else { return nil }
        count -= 1
        return turn.slot
    }

    private mutating func laneOfNext() -> Int? {
        sinceOldest += 1
        if sinceOldest < Self.bound { return lanes.lastIndex { $0.first != nil } }
        sinceOldest = 0
        let turns = lanes.indices.compactMap { lane in lanes[lane].first.map { (lane, $0) } }
        return turns.min { $0.1 < $1.1 }?.0
    }

    /// The slots of all that is ready, taken out.
    mutating func removeAll() -> [UInt32] {
        var slots: [UInt32] = []
        while let slot = next() { slots.append(slot) }
        return slots
    }
}
