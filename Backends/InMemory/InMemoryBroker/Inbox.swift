import Messaging

/// What a queue, or a group of a stream, has to hand out, holds, and has been given back. Pure: it knows no clock and no
/// waiting task's thread; the server calls it under its lock.
struct Inbox: Sendable {
    /// A message that this inbox has taken on, from its arrival (queue) or its first hand-out (group) until it is settled.
    struct Slot: Sendable {
        let message: Message
        var attempt: Int32
        /// The order of its arrival; in a group its offset.
        let order: UInt64
        let size: Int32
    }

    /// A message that waits for its time.
    struct Due: Comparable, Sendable {
        let time: Timestamp
        let turn: ReadyLanes.Turn
        static func < (left: Due, right: Due) -> Bool {
            left.time == right.time ? left.turn < right.turn : left.time < right.time
        }
    }

    /// What a group knows of its stream.
    struct Group: Sendable {
        let name: GroupName
        /// The index of the stream.
        let stream: Int
        let filter: HeaderFilter?
        /// The offset that is handed out next.
        var cursor: UInt64
        /// The lowest offset that is not settled, and from there on which are.
        var low: UInt64
        var settled = RingBuffer<Bool>()

        /// Settling what a crash had brought back from below `low` changes nothing more.
        mutating func settle(_ offset: UInt64) {
            guard offset >= low else { return }
            settled[Int(offset - low)] = true
            while settled.first == true {
                _ = settled.popFirst()
                low += 1
            }
        }
    }

    let declaration: DestinationDeclaration
    var group: Group?
    private(set) var slots: [Slot?] = []
    private var freeSlots: [UInt32] = []
    private var ready: ReadyLanes
    private var delayed = Heap<Due>()
    private var arrivals: UInt64 = 0
    private(set) var count = 0
    private var bytes = 0
    private let maximumMessages: Int
    private let maximumBytes: Int
    /// The consumers, in the order in which they came.
    var members: [Int] = []
    /// How many of them wait for a message.
    var idle = 0
    /// Where the search for an idle one begins, so that they take turns.
    var turn = 0
    /// Publishers that wait for room.
    var publishers: [Waiter<Void>] = []
    var expired = 0
    var filtered = 0

    init(
        _ declaration: DestinationDeclaration, group: Group? = nil, maximumMessages: Int, maximumBytes: Int
    ) {
        self.declaration = declaration
        self.group = group
        self.maximumMessages = declaration.maximumMessages ?? maximumMessages
        self.maximumBytes = declaration.maximumBytes ?? maximumBytes
        ready = ReadyLanes(maximumPriority: group == nil ? declaration.maximumPriority : 0)
    }

    /// The name in messages: `queue orders`, `stream orders (group billing)`.
    var label: String { group.map { "\(declaration.destination) (group \($0.name))" } ?? "\(declaration.destination)" }

    func hasRoom(for size: Int, count messages: Int = 1) -> Bool {
        count &+ messages <= maximumMessages && (bytes &+ size <= maximumBytes || count == 0 && messages == 1)
    }

    /// Takes on a message of a queue.
    mutating func append(_ message: Message, size: Int, notBefore: Timestamp?) {
        arrivals &+= 1
        let slot = store(Slot(message: message, attempt: 1, order: arrivals, size: Int32(clamping: size)))
        let turn = ReadyLanes.Turn(order: arrivals, slot: slot)
        if let notBefore {
            delayed.insert(Due(time: notBefore, turn: turn))
        } else {
            ready.append(turn, priority: message.priority)
        }
    }

    /// The slot of the message to be handed out next; expired ones are dropped, filtered ones passed over.
    mutating func next(from log: StreamLog?, at now: () -> Timestamp) -> UInt32? {
        if !delayed.isEmpty { wakeDue(at: now()) }
        while let slot = ready.next() ?? fresh(from: log) {
            guard let message = slots[Int(slot)]?.message else { continue }
            guard message.isTimed, let expiration = message.expiration, expiration <= now() else { return slot }
            expired += 1
            remove(slot)
        }
        return nil
    }

    /// Whether something could be handed out, now or when its time has come.
    func hasReady(_ log: StreamLog?) -> Bool {
        if !ready.isEmpty { return true }
        guard let group, let log else { return false }
        return group.cursor < log.end
    }

    /// When the first message that waits for its time is due.
    var nextDue: Timestamp? { delayed.first?.time }

    /// It is done: the message is gone, or, in a group, settled.
    mutating func remove(_ slot: UInt32) {
        guard let content = slots[Int(slot)] else { return }
        slots[Int(slot)] = nil
        freeSlots.append(slot)
        count &-= 1
        bytes &-= Int(content.size)
        if group != nil { group?.settle(content.order) }
    }

    /// It goes back to where it was.
    mutating func restore(_ slot: UInt32, counting runs: Int32) {
        guard let content = slots[Int(slot)] else { return }
        slots[Int(slot)]?.attempt = content.attempt &+ runs
        ready.restore(.init(order: content.order, slot: slot), priority: content.message.priority)
    }

    /// It comes again with attempt + 1, not before this moment.
    mutating func delay(_ slot: UInt32, until time: Timestamp) {
        guard let content = slots[Int(slot)] else { return }
        slots[Int(slot)]?.attempt = content.attempt &+ 1
        delayed.insert(Due(time: time, turn: .init(order: content.order, slot: slot)))
    }

    /// Brings back a message whose acceptance a crash has undone.
    mutating func bringBack(_ content: Slot) {
        var content = content
        content.attempt &+= 1
        ready.restore(.init(order: content.order, slot: store(content)), priority: content.message.priority)
    }

    /// Removes what is ready or waits for its time, and nothing that is held; how many.
    mutating func purge() -> Int {
        var doomed = ready.removeAll()
        while let due = delayed.popFirst() { doomed.append(due.turn.slot) }
        for slot in doomed { remove(slot) }
        return doomed.count
    }

    /// Removes what does not survive the end of the server's process. Nothing is held any more.
    mutating func dropTransient() {
        for (slot, content) in slots.enumerated() where content?.message.deliveryMode == .transient {
            remove(UInt32(slot))
        }
        var kept = Heap<Due>()
        while let due = delayed.popFirst() { if slots[Int(due.turn.slot)] != nil { kept.insert(due) } }
        delayed = kept
        let alive = ready.removeAll().filter { slots[Int($0)] != nil }
        for slot in alive { restore(slot, counting: 0) }
    }

    /// How many wait: ready, delayed, or, in a group, not yet handed out.
    func waiting(in log: StreamLog?, held: Int) -> Int {
        count - held + Int((log?.end ?? 0) - (log == nil ? 0 : group?.cursor ?? 0))
    }

    private mutating func store(_ content: Slot) -> UInt32 {
        count &+= 1
        bytes &+= Int(content.size)
        if let slot = freeSlots.popLast() {
            slots[Int(slot)] = content
            return slot
        }
        slots.append(content)
        return UInt32(truncatingIfNeeded: slots.count - 1)
    }

    private mutating func wakeDue(at now: Timestamp) {
        while let due = delayed.first, due.time <= now {
            _ = delayed.popFirst()
            if let content = slots[Int(due.turn.slot)] { ready.restore(due.turn, priority: content.message.priority) }
        }
    }

    /// Takes the next message of the stream that passes the filter into a slot.
    private mutating func fresh(from log: StreamLog?) -> UInt32? {
        guard let log, group != nil else { return nil }
        while let offset = group?.cursor, let entry = log[offset] {
            group?.cursor = offset + 1
            group?.settled.append(false)
            if log.isLost(offset) {
                group?.settle(offset)
                continue
            }
            if let filter = group?.filter, !filter.matches(entry.message.headers) {
                filtered += 1
                group?.settle(offset)
                continue
            }
            let size = Int32(clamping: entry.message.byteCount)
            return store(Slot(message: entry.message, attempt: 1, order: offset, size: size))
        }
        return nil
    }
}
