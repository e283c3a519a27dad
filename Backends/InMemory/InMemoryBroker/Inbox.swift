import Messaging

/// What a queue, or a group of a stream, has to hand out, holds, and has been given back. It knows no clock;
/// the server calls it under its lock, in its place in the table: copying it would cost more than most calls do.
struct Inbox: Row, Sendable {
    let declaration: DestinationDeclaration
    /// At most one consumer at a time receives.
    let isOrdered: Bool
    private(set) var isVacant = false
    var group: Group?
    /// The index of the stream, where this is a group's.
    let stream: Int?
    var slots = SlotTable()
    private var ready: ReadyLanes
    private var delayed = Heap<Due>()
    /// Slots of what has expired, and is to go where the broker dead-letters.
    var leaving = RingBuffer<UInt32>()
    /// Where publishers put what needs no second look.
    let intake = Intake()
    /// What came in and was never handed out, in order. Unused where there are priorities.
    var backlog = Backlog()
    var lastOrder: UInt64 = 0
    /// What consumers hold of it.
    private(set) var held = 0
    private var heldBytes = 0
    let maximumMessages: Int
    let maximumBytes: Int
    /// The consumers, in the order in which they came.
    var members: [Int] = []
    /// How many of them wait for a message.
    var idle = 0
    /// Where the search for an idle one begins, so that they take turns.
    var turn = 0
    /// Publishers that wait for room.
    var publishers: [Waiter<Void>] = []
    /// Those who end once what was in the queue when they came is gone.
    var ends: [End] = []
    var expired = 0
    var filtered = 0
    /// How long a message waits in a queue before it expires.
    let retention: Duration?
    /// Whether what expires leaves though nobody asks for it.
    let expiresUnasked: Bool
    /// Not after the first expiration of what waits in a queue; `never`: nothing expires.
    private var nextEnd = Mark.never
    /// To look through a full queue costs what it holds, so it is not done more often than this.
    private static let sweepInterval = Duration.milliseconds(100)
    private var sweptAt: Timestamp?

    init(
        _ declaration: DestinationDeclaration, group: Group? = nil, maximumMessages: Int, maximumBytes: Int
    ) {
        self.declaration = declaration
        isOrdered = declaration.order != .none
        self.group = group
        stream = group?.stream
        retention = group == nil ? declaration.retention : nil
        expiresUnasked = retention != nil || declaration.deadLetters.destination != nil
        self.maximumMessages = declaration.maximumMessages ?? maximumMessages
        self.maximumBytes = declaration.maximumBytes ?? maximumBytes
        ready = ReadyLanes(maximumPriority: group == nil ? declaration.maximumPriority : 0)
    }

    /// A row of the table that stands empty.
    static var vacant: Inbox {
        var inbox = Inbox(DestinationDeclaration(.queue("vacant")), maximumMessages: 0, maximumBytes: 0)
        inbox.isVacant = true
        return inbox
    }

    /// The name in messages: `queue orders`, `stream orders (group billing)`.
    var label: String { group.map { "\(declaration.destination) (group \($0.name))" } ?? "\(declaration.destination)" }

    /// How many messages it has, held ones included.
    var count: Int { slots.count &+ backlog.count &+ held }
    var bytes: Int { slots.bytes &+ backlog.bytes &+ heldBytes }
    var hasPriorities: Bool { declaration.maximumPriority > 0 }
    /// How many messages went without being handed out.
    var passed: Int { expired &+ filtered }

    func hasRoom(for size: Int, count messages: Int = 1) -> Bool {
        count &+ messages <= maximumMessages && (bytes &+ size <= maximumBytes || count == 0 && messages == 1)
    }

    /// Takes on a message of a queue. The intake is closed.
    mutating func append(
        _ message: consuming Message, size: Int, notBefore: Timestamp?, now: () -> Timestamp
    ) {
        lastOrder &+= 1
        if notBefore == nil, !hasPriorities, retention == nil {
            if let end = message.expiration { nextEnd = min(nextEnd, end) }
            return backlog.append(consume message, .init(order: lastOrder, size: size))
        }
        var mark = Mark(message, order: lastOrder, size: size)
        if let retention { mark.end = min(mark.end, (notBefore ?? now()) + retention) }
        nextEnd = min(nextEnd, mark.end)
        let priority = mark.priority
        let turn = ReadyLanes.Turn(order: lastOrder, slot: slots.insert(consume message, mark))
        if let notBefore {
            delayed.insert(Due(time: notBefore, turn: turn))
        } else {
            ready.append(turn, priority: priority)
        }
    }

    /// The message to be handed out next, taken out; expired ones are let go of, filtered ones passed over. Whoever takes it
    /// holds it, or puts it back.
    mutating func next(from log: StreamLog?, at now: () -> Timestamp) -> (message: Message, mark: Mark)? {
        if !delayed.isEmpty { wakeDue(at: now()) }
        while true {
            if ready.isEmpty, let tag = backlog.popTag(), let message = backlog.popMessage() {
                let mark = Mark(message, order: tag.order, size: tag.size)
                if mark.isTimed, mark.end <= now() { expire(message, mark) } else { return (message, mark) }
                continue
            }
            guard let (message, mark) = ready.next().flatMap({ slots.remove($0) }) ?? fresh(from: log) else {
                return nil
            }
            if mark.isTimed, mark.end <= now() { expire(message, mark) } else { return (message, mark) }
        }
    }

    /// It is gone, or has yet to go where the broker dead-letters.
    private mutating func expire(_ message: Message, _ mark: Mark) {
        if declaration.deadLetters.destination != nil { return leaving.append(slots.insert(message, mark)) }
        expired += 1
        finish(mark.order)
    }

    /// The first of what has expired has gone where the broker dead-letters.
    mutating func dismiss() {
        guard let (_, mark) = leaving.popFirst().flatMap({ slots.remove($0) }) else { return }
        expired += 1
        finish(mark.order)
    }

    /// A consumer has it.
    mutating func hold(_ mark: Mark) {
        held &+= 1
        heldBytes &+= Int(mark.size)
    }

    /// No consumer has it any more.
    mutating func letGo(_ mark: Mark) {
        held &-= 1
        heldBytes &-= Int(mark.size)
    }

    /// How many could be handed out now, by what is known without a clock.
    var readyCount: Int { ready.count &+ backlog.count }

    /// Whether something could be handed out, now or when its time has come.
    func hasReady(_ log: StreamLog?) -> Bool {
        if !ready.isEmpty || !backlog.isEmpty { return true }
        guard let group, let log else { return false }
        return group.cursor < log.end
    }

    /// When the first message that waits for its time is due.
    var nextDue: Timestamp? { delayed.first?.time }

    /// What was held is done: the message is gone, or, in a group, settled.
    mutating func settle(_ mark: Mark) {
        letGo(mark)
        finish(mark.order)
    }

    /// A message is gone for good, or, in a group, settled.
    private mutating func finish(_ order: UInt64) {
        if stream != nil { group?.settle(order) } else if !ends.isEmpty { leaves(order) }
    }

    /// A message goes back to where it was. It is not held any more.
    mutating func restore(_ message: consuming Message, _ mark: Mark, counting runs: Int32) {
        var mark = mark
        mark.attempt &+= runs
        nextEnd = min(nextEnd, mark.end)
        ready.restore(.init(order: mark.order, slot: slots.insert(consume message, mark)), priority: mark.priority)
    }

    /// It comes again with attempt + 1, not before this moment, from which on it waits anew. It is not held any more.
    mutating func delay(_ message: consuming Message, _ mark: Mark, until time: Timestamp) {
        var mark = mark
        mark.attempt &+= 1
        if let retention { mark.end = min(message.expiration ?? Mark.never, time + retention) }
        nextEnd = min(nextEnd, mark.end)
        delayed.insert(Due(time: time, turn: .init(order: mark.order, slot: slots.insert(consume message, mark))))
    }

    /// Removes what is ready or waits for its time, and nothing that is held; how many.
    mutating func purge() -> Int {
        let count = slots.count + backlog.count
        if !ends.isEmpty { for order in slots.orders + backlog.orders { leaves(order) } }
        _ = ready.removeAll()
        delayed = Heap()
        leaving = RingBuffer()
        slots = SlotTable()
        backlog = Backlog()
        return count
    }

    /// Removes what does not survive the end of the server's process. Nothing is held any more.
    mutating func dropTransient() {
        while let slot = leaving.popFirst() {
            if let (message, mark) = slots.remove(slot) { restore(message, mark, counting: 0) }
        }
        for (_, mark) in removeWaiting(where: { $1.isTransient }) { finish(mark.order) }
    }

    /// When to look for what has expired; nil: nothing expires.
    var nextSweep: Timestamp? {
        let next = leaving.isEmpty ? nextEnd : Timestamp(nanoseconds: .min)
        if next == Mark.never { return nil }
        return sweptAt.map { max(next, $0 + Self.sweepInterval) } ?? next
    }

    /// Lets go of what has expired in a queue; whether that has made room.
    mutating func dropExpired(at now: () -> Timestamp) -> Bool {
        guard let moment = nextSweep else { return false }
        let now = now()
        guard moment <= now else { return false }
        sweptAt = now
        let before = expired
        var next = Mark.never
        let over = removeWaiting { _, mark in
            if mark.end > now { next = min(next, mark.end) }
            return mark.end <= now
        }
        nextEnd = next
        for (message, mark) in over.sorted(by: { $0.mark.order < $1.mark.order }) { expire(message, mark) }
        return expired > before
    }

    private mutating func removeWaiting(
        where isUnwanted: (Message, Mark) -> Bool
    ) -> [(message: Message, mark: Mark)] {
        var kept = Heap<Due>()
        var removed = backlog.removeAll(where: isUnwanted)
        func keeps(_ slot: UInt32) -> Mark? {
            guard let message = slots.message(of: slot), let mark = slots.mark(of: slot) else { return nil }
            if !isUnwanted(message, mark) { return mark }
            if let entry = slots.remove(slot) { removed.append(entry) }
            return nil
        }
        while let due = delayed.popFirst() { if keeps(due.turn.slot) != nil { kept.insert(due) } }
        delayed = kept
        for slot in ready.removeAll() {
            if let mark = keeps(slot) { ready.restore(.init(order: mark.order, slot: slot), priority: mark.priority) }
        }
        return removed
    }

    /// How many wait: ready, delayed, or, in a group, not yet handed out.
    func waiting(in log: StreamLog?) -> Int {
        slots.count + backlog.count + Int((log?.end ?? 0) - (log == nil ? 0 : group?.cursor ?? 0))
    }

    /// When the oldest that waits was appended to the stream of this group.
    func oldest(in log: StreamLog) -> Timestamp? {
        let fresh = group.flatMap { $0.cursor < log.end ? $0.cursor : nil }
        return (slots.orders + (fresh.map { [$0] } ?? [])).min().flatMap { log[$0]?.appendedAt }
    }

    private mutating func wakeDue(at now: Timestamp) {
        while let due = delayed.first, due.time <= now {
            _ = delayed.popFirst()
            ready.restore(due.turn, priority: slots.mark(of: due.turn.slot)?.priority ?? 0)
        }
    }

    /// The next message of the stream that passes the filter.
    private mutating func fresh(from log: StreamLog?) -> (message: Message, mark: Mark)? {
        guard let log, group != nil else { return nil }
        while let offset = group?.cursor, let entry = log[offset] {
            group?.cursor = offset + 1
            group?.settled.append(false)
            let isFiltered = group?.filter.map { !$0.matches(entry.message.headers) } ?? false
            if isFiltered { filtered += 1 }
            if isFiltered || log.isLost(offset) {
                group?.settle(offset)
                continue
            }
            return (entry.message, Mark(entry.message, order: offset, size: entry.message.byteCount))
        }
        return nil
    }
}
