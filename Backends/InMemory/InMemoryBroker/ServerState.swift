import Messaging

/// Everything the server has. A value under the server's lock: each call changes it and says, in `Effects`, what is to be
/// done once the lock is released.
struct ServerState {
    /// Where the messages of a destination are.
    enum Place: Hashable, Sendable {
        case queue(Int)
        case stream(Int)
    }

    /// One connection.
    struct Connection: Sendable {
        enum Status: Sendable { case fresh, up, closed, vacant }
        var status = Status.fresh
        let limits: BrokerLimits
        let capabilities: BrokerCapabilities
        var report = Reporter()
        /// What it has declared, to be applied again when the server is back.
        var declared: [Destination: DestinationDeclaration] = [:]
        /// Whether a message of the common kind needs no second look, whatever its body.
        let takesNullBodies: Bool
        /// What its frames go through.
        var link = Link.open
        /// Which frame is to be cut in the middle, and the connection with it.
        var tear: Tear?
        /// It is known to be gone, and comes up again by itself.
        var isLost = false
        /// Its coming up is arranged.
        var isReconnecting = false
        /// How often it was lost.
        var losses = 0
        /// How often its link was changed.
        var disturbances = 0
        /// The silence that it is in, to tell it from earlier ones.
        var silence: UInt64 = 0

        init(limits: BrokerLimits, capabilities: BrokerCapabilities) {
            self.limits = limits
            self.capabilities = capabilities
            takesNullBodies = capabilities.can(.nullBody, on: .queue)
        }
    }

    /// An acceptance that a crash within the settle lag undoes.
    struct Undo: Sendable {
        let acceptedAt: Duration
        let inbox: Int
        let message: Message
        let mark: Mark
    }

    let maximumMessages: Int
    let maximumBytes: Int
    let settleLag: Duration
    /// Whether a crash undoes acceptances at all.
    let hasSettleLag: Bool
    var phase = Phase.running
    /// It runs, and nothing is wrong with the link of any connection: nothing else needs to be looked at.
    var isSmooth = true
    var lastSilence: UInt64 = 0
    var places: [Destination: Place] = [:]
    // Tables: a row's index is its name, and a vacant row is used again.
    var inboxes: [Inbox] = []
    var streams: [StreamLog] = []
    var consumers: [ConsumerState] = []
    var connections: [Connection] = []
    /// Destinations from which nobody may receive.
    var forbidden: Set<Destination> = []
    /// The consumers of pubSub.
    var subscribers: [Int] = []
    /// Which destinations receive copies of other topics' messages.
    var bindings = PatternTrie<Destination>()
    var hasBindings = false
    /// Those who wait for the server to be back, or to answer.
    var waitingForServer: [Waiter<Void>] = []
    var undo = RingBuffer<Undo>()
    var lastHold: UInt64 = 0

    init(maximumMessages: Int, maximumBytes: Int, settleLag: Duration) {
        self.maximumMessages = maximumMessages
        self.maximumBytes = maximumBytes
        self.settleLag = settleLag
        hasSettleLag = settleLag > .zero
    }

    /// The stream behind an inbox, where it is a group's.
    func log(of inbox: Int) -> StreamLog? { inboxes[inbox].stream.map { streams[$0] } }

    func declaration(at place: Place) -> DestinationDeclaration {
        switch place {
        case .queue(let inbox): inboxes[inbox].declaration
        case .stream(let stream): streams[stream].declaration
        }
    }

    /// Why a connection cannot be used now; nil when it can.
    func problem(with connection: Int) -> BrokerError? {
        switch connections[connection].status {
        case .up:
            if phase == .down {
                BrokerError(.notConnected, "the in-memory server is down; it was ended, start it")
            } else if connections[connection].isLost {
                BrokerError(.notConnected, "the connection to the in-memory server is gone; it comes back by itself")
            } else {
                nil
            }
        case .fresh: BrokerError(.notConnected, "this broker is not connected; call connect first")
        case .closed, .vacant: BrokerError.ended(.closed, "this broker is closed; make a new one")
        }
    }

    /// Wakes as many consumers of an inbox as there are messages for, taking turns.
    mutating func wakeConsumers(of inbox: Int, atMost limit: Int, _ effects: inout Effects) {
        guard inboxes[inbox].idle > 0 else { return }
        let (members, active) = (inboxes[inbox].members, inboxes[inbox].isOrdered ? activeMember(of: inbox) : nil)
        var woken = 0
        for _ in members where woken < limit && inboxes[inbox].idle > 0 {
            let turn = inboxes[inbox].turn + 1 < members.count ? inboxes[inbox].turn + 1 : 0
            inboxes[inbox].turn = turn
            let member = members[turn]
            guard consumers[member].isIdle, active == nil || active == member, let waiter = takeWaiter(of: member)
            else { continue }
            woken += 1
            effects.wake(waiter)
        }
    }

    /// Ends the waiting of a consumer's task; the caller wakes it.
    mutating func takeWaiter(of id: Int) -> Waiter<Void>? {
        if consumers[id].isIdle {
            for inbox in consumers[id].inboxes { inboxes[inbox].idle -= 1 }
            consumers[id].isIdle = false
        }
        defer { consumers[id].waiter = nil }
        return consumers[id].waiter
    }

    /// The one consumer that receives from an inbox that keeps order: the first that came and has not left.
    func activeMember(of inbox: Int) -> Int? { inboxes[inbox].members.first { consumers[$0].isActive } }

    /// There is room again in what an inbox takes on, or in its stream: publishers may try.
    mutating func wakePublishers(of inbox: Int, _ effects: inout Effects) {
        if let stream = inboxes[inbox].stream { return wakePublishers(ofStream: stream, &effects) }
        guard !inboxes[inbox].publishers.isEmpty else { return }
        for waiter in inboxes[inbox].publishers { effects.wake(waiter) }
        inboxes[inbox].publishers = []
    }

    mutating func wakePublishers(ofStream stream: Int, _ effects: inout Effects) {
        guard !streams[stream].publishers.isEmpty else { return }
        for waiter in streams[stream].publishers { effects.wake(waiter) }
        streams[stream].publishers = []
    }
}

/// A row of a table that can stand empty.
protocol Row {
    var isVacant: Bool { get }
}

extension ServerState.Connection: Row {
    var isVacant: Bool { status == .vacant }
}

extension Array where Element: Row {
    /// Puts a row into the first vacant place; its index.
    mutating func place(_ row: Element) -> Int {
        if let vacant = firstIndex(where: \.isVacant) {
            self[vacant] = row
            return vacant
        }
        append(row)
        return count - 1
    }
}
