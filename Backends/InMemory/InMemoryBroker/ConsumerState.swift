import Messaging

/// What the server knows of a consumer.
struct ConsumerState: Row, Sendable {
    /// A delivery that the consumer holds: of which inbox, and since when.
    struct Hold: BitwiseCopyable, Sendable {
        /// Unlike that of any other hold; 0: the cell is free.
        var number: UInt64
        let inbox: Int
        let mark: Mark
        let since: Duration
        /// In a free cell: the cell that was freed before it.
        fileprivate var nextFree: UInt32 = 0

        init(number: UInt64, inbox: Int, mark: Mark, since: Duration) {
            self.number = number
            self.inbox = inbox
            self.mark = mark
            self.since = since
        }
    }

    enum Status: Sendable {
        case live
        /// No more deliveries; what is held stays held.
        case stopped
        case ended(BrokerError)
        /// Its object is gone.
        case vacant
    }

    let broker: Int
    let subscription: Subscription
    let cells: HoldCells
    /// Where it receives from: one inbox, or those that match its pattern. Empty for pubSub.
    var inboxes: [Int] = []
    /// Which of several inboxes it looks into next: each has its turn, however much waits in the others.
    private var turn = 0
    /// Where each inbox ended when the subscription began, for one that ends there.
    var ends: [Int: UInt64] = [:]
    var status = Status.live
    /// The task that waits in `receive`.
    var waiter: Waiter<Void>?
    /// Whether that task waits for a message, not for room in its window.
    var isIdle = false
    /// What a pubSub subscriber has not taken yet. Apart from the row, so that the others, which have none, keep no room
    /// for it.
    var mailbox: Mailbox? {
        get { mailboxes.last }
        _modify {
            var mailbox = mailboxes.popLast()
            defer { if let mailbox { mailboxes.append(mailbox) } }
            yield &mailbox
        }
    }
    private var mailboxes: [Mailbox] = []
    // What is held, cell by cell: apart from each other, so that a hold is read without a reference counted.
    private(set) var holds: [Hold] = []
    private var messages = Cells<Message>()
    /// The cell that was freed last, the first of a chain through the holds; `noCell`: none.
    private var lastFreed = Self.noCell
    private static let noCell = UInt32.max
    private(set) var heldBytes = 0
    private(set) var held = 0

    init(broker: Int, subscription: Subscription, cells: HoldCells) {
        self.broker = broker
        self.subscription = subscription
        self.cells = cells
    }

    var isStopped: Bool { if case .stopped = status { true } else { false } }
    /// Whether its subscription is to this topic.
    func hears(_ topic: Topic) -> Bool {
        switch subscription.source {
        case .destination(let destination): destination.topic == topic
        case .pattern(let pattern, _): pattern.matches(topic)
        }
    }
    var isPattern: Bool { if case .pattern = subscription.source { true } else { false } }
    /// Whether it is a subscriber of pubSub.
    var isMailbox: Bool { cells.count == 0 }
    var isVacant: Bool { if case .vacant = status { true } else { false } }
    var isLive: Bool { if case .live = status { true } else { false } }

    /// A row of the table that stands empty.
    static var vacant: ConsumerState {
        let subscription = Subscription(.queue("vacant"))
        var consumer = ConsumerState(broker: 0, subscription: subscription, cells: HoldCells(count: 0))
        consumer.status = .vacant
        return consumer
    }

    /// Whether it keeps others out of an inbox that keeps order; a stopped one does until what it holds is settled.
    var isActive: Bool { isLive || held > 0 }

    /// Whether another delivery may be held.
    var hasRoom: Bool { held < cells.count && (heldBytes < subscription.windowBytes || held == 0) }

    /// Whether a delivery of this size may be held beside the others; alone any may.
    func hasRoom(for size: Int) -> Bool { held == 0 || heldBytes &+ size <= subscription.windowBytes }

    /// The inbox whose turn it is to be received from.
    mutating func nextInbox() -> Int {
        let index = turn < inboxes.count ? turn : 0
        turn = index &+ 1
        return inboxes[index]
    }

    /// Holds a delivery; its receipt.
    mutating func hold(_ message: consuming Message, _ hold: Hold) -> Receipt {
        held &+= 1
        heldBytes &+= Int(hold.mark.size)
        var cell = lastFreed
        if cell != Self.noCell {
            lastFreed = holds[Int(cell)].nextFree
            holds[Int(cell)] = hold
            messages.put(consume message, at: Int(cell))
        } else {
            cell = UInt32(truncatingIfNeeded: holds.count)
            holds.append(hold)
            messages.append(consume message)
        }
        cells.set(Int(cell), to: hold.number)
        return Receipt(sequence: hold.number, slot: cell)
    }

    /// What a receipt stands for; nil when it is stale.
    func hold(of receipt: Receipt) -> Hold? {
        let cell = Int(receipt.slot)
        guard cell < holds.count, receipt.sequence != 0, holds[cell].number == receipt.sequence else { return nil }
        return holds[cell]
    }

    /// Ends a hold; the message.
    @discardableResult
    mutating func letGo(of cell: UInt32) -> Message? {
        free(cell)
        return messages.take(Int(cell))
    }

    /// Ends the hold that a receipt stands for, and forgets its message; nil when it is stale.
    mutating func finish(_ receipt: Receipt) -> Hold? {
        guard let hold = hold(of: receipt) else { return nil }
        free(receipt.slot)
        if let message = messages.take(Int(receipt.slot)) { _ = consume message }
        return hold
    }

    /// The message that is held in a cell.
    func message(in cell: UInt32) -> Message? { messages[Int(cell)] }

    private mutating func free(_ cell: UInt32) {
        held &-= 1
        heldBytes &-= Int(holds[Int(cell)].mark.size)
        holds[Int(cell)].number = 0
        holds[Int(cell)].nextFree = lastFreed
        lastFreed = cell
        cells.set(Int(cell), to: 0)
    }

    /// Nothing has come for a while: gives back the room for what is held, where nothing is.
    mutating func trim() {
        if held > 0 { return }
        (holds, messages, lastFreed) = ([], Cells(), Self.noCell)
    }

    /// The cells that are in use.
    var heldCells: [UInt32] {
        held == 0 ? [] : holds.indices.filter { holds[$0].number != 0 }.map { UInt32(truncatingIfNeeded: $0) }
    }
}

/// The bounded buffer of a pubSub subscriber: when it is full the oldest message makes room, and is counted.
struct Mailbox: Sendable {
    struct Letter: Sendable {
        let message: Message
        let topic: Topic
        let size: Int
    }

    private var letters = RingBuffer<Letter>()
    private var bytes = 0
    private(set) var missed = 0
    /// Messages missed since the subscriber was last told.
    private var unreported = 0
    var expired = 0
    let maximumMessages: Int
    let maximumBytes: Int

    init(maximumMessages: Int, maximumBytes: Int) {
        self.maximumMessages = maximumMessages
        self.maximumBytes = maximumBytes
    }

    var isEmpty: Bool { letters.isEmpty }

    mutating func append(_ letter: Letter) {
        while letters.count >= maximumMessages || bytes + letter.size > maximumBytes && !letters.isEmpty {
            guard let oldest = letters.popFirst() else { break }
            bytes -= oldest.size
            miss(1)
        }
        letters.append(letter)
        bytes += letter.size
    }

    mutating func popFirst() -> Letter? {
        guard let letter = letters.popFirst() else { return nil }
        bytes -= letter.size
        return letter
    }

    /// Everything in it is gone, and what is published until the connection is back.
    mutating func lose() {
        miss(letters.count)
        letters.removeAll()
        bytes = 0
    }

    /// How many were missed since this was last asked; nil: none.
    mutating func takeUnreported() -> Int? {
        defer { unreported = 0 }
        return unreported == 0 ? nil : unreported
    }

    private mutating func miss(_ count: Int) {
        missed += count
        unreported += count
    }
}
