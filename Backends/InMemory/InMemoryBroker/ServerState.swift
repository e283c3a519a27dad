import Messaging

/// Everything the server has. A value under the server's lock: each call changes it and says, in `Effects`, what is to be
/// done once the lock is released.
struct ServerState: Sendable {
    /// Where the messages of a destination are.
    enum Place: Hashable, Sendable {
        case queue(Int)
        case stream(Int)
    }

    /// One connection.
    struct Connection: Sendable {
        enum Status: Sendable { case fresh, up, closed }
        var status = Status.fresh
        var limits: BrokerLimits
        var report: @Sendable (BrokerEvent) -> Void = { _ in }
        /// What it has declared, to be applied again when the server is back.
        var declared: [Destination: DestinationDeclaration] = [:]
    }

    /// An acceptance that a crash within the settle lag undoes.
    struct Undo: Sendable {
        let acceptedAt: Duration
        let inbox: Int
        let content: Inbox.Slot
    }

    let maximumMessages: Int
    let maximumBytes: Int
    let settleLag: Duration
    var isRunning = true
    var places: [Destination: Place] = [:]
    var inboxes: [Inbox?] = []
    var streams: [StreamLog?] = []
    var consumers: [ConsumerState?] = []
    var connections: [Connection?] = []
    /// The consumers of pubSub.
    var subscribers: [Int] = []
    /// Which destinations receive copies of other topics' messages.
    var bindings = PatternTrie<Destination>()
    var hasBindings = false
    /// Publishers that wait for the server to be back.
    var waitingForServer: [Waiter<Void>] = []
    var undo = RingBuffer<Undo>()
    var lastHold: UInt64 = 0

    init(maximumMessages: Int, maximumBytes: Int, settleLag: Duration) {
        self.maximumMessages = maximumMessages
        self.maximumBytes = maximumBytes
        self.settleLag = settleLag
    }

    /// The stream behind an inbox, where it is a group's.
    func log(of inbox: Int) -> StreamLog? { inboxes[inbox]?.group.flatMap { streams[$0.stream] } }

    /// Why a connection cannot be used now; nil when it can.
    func problem(with connection: Int) -> BrokerError? {
        switch connections[connection]?.status {
        case .up: isRunning ? nil : BrokerError(.notConnected, "the in-memory server is down; it was killed, start it")
        case .fresh: BrokerError(.notConnected, "this broker is not connected; call connect first")
        case .closed, nil: BrokerError.ended(.closed, "this broker is closed; make a new one")
        }
    }

    /// Wakes as many consumers of an inbox as there are messages for, taking turns.
    mutating func wakeConsumers(of inbox: Int, atMost limit: Int, _ effects: inout Effects) {
        guard var box = inboxes[inbox] else { return }
        inboxes[inbox] = nil
        defer { inboxes[inbox] = box }
        var woken = 0
        for _ in box.members.indices where woken < limit && box.idle > 0 {
            box.turn = box.turn + 1 < box.members.count ? box.turn + 1 : 0
            let member = box.members[box.turn]
            guard let waiter = consumers[member]?.waiter, consumers[member]?.isIdle == true else { continue }
            guard !box.isOrdered || member == activeMember(of: box) else { continue }
            consumers[member]?.waiter = nil
            consumers[member]?.isIdle = false
            for other in consumers[member]?.inboxes ?? [] where other != inbox { inboxes[other]?.idle -= 1 }
            box.idle -= 1
            woken += 1
            effects.wake(waiter)
        }
    }

    /// The one consumer that receives from an inbox that keeps order: the first that came and has not left.
    func activeMember(of box: Inbox) -> Int? { box.members.first { isActive($0) } }

    /// Whether a consumer keeps others out of an inbox that keeps order; a stopped one does until what it holds is settled.
    func isActive(_ member: Int) -> Bool {
        guard let consumer = consumers[member] else { return false }
        if case .live = consumer.status { return true }
        return consumer.held > 0
    }

    /// There is room again in what an inbox takes on, or in its stream: publishers may try.
    mutating func wakePublishers(of inbox: Int, _ effects: inout Effects) {
        if let stream = inboxes[inbox]?.group?.stream {
            guard let waiting = streams[stream]?.publishers, !waiting.isEmpty else { return }
            streams[stream]?.publishers = []
            for waiter in waiting { effects.wake(waiter) }
        } else {
            guard let waiting = inboxes[inbox]?.publishers, !waiting.isEmpty else { return }
            inboxes[inbox]?.publishers = []
            for waiter in waiting { effects.wake(waiter) }
        }
    }
}

extension Array {
    /// Puts an element into the first free place of a table; its index.
    mutating func place<Wrapped>(_ element: Wrapped) -> Int where Element == Wrapped? {
        if let free = firstIndex(where: { $0 == nil }) {
            self[free] = element
            return free
        }
        append(element)
        return count - 1
    }
}
