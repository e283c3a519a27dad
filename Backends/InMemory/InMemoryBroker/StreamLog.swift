import Messaging

/// The messages of a stream in the order of their arrival, each at its offset.
struct StreamLog: Row, Sendable {
    struct Entry: Sendable {
        let message: Message
        let appendedAt: Timestamp
    }

    let declaration: DestinationDeclaration
    private(set) var isVacant = false
    /// The inboxes of its groups.
    var groups: [GroupName: Int] = [:] { didSet { groupInboxes = groups.values.sorted() } }
    /// The same in the order of their making, so that who is woken first does not depend on a hash.
    private(set) var groupInboxes: [Int] = []
    /// Publishers that wait for room.
    var publishers: [Waiter<Void>] = []
    /// Replay readers that wait for a message.
    var readers: [Waiter<Void>] = []
    private var entries = RingBuffer<Entry>()
    private var bytes = 0
    /// The offset of the first entry there is.
    private(set) var first: UInt64 = 0
    private var lostBefore: UInt64 = 0
    private let maximumMessages: Int
    private let maximumBytes: Int

    init(_ declaration: DestinationDeclaration, maximumMessages: Int, maximumBytes: Int) {
        self.declaration = declaration
        self.maximumMessages = declaration.maximumMessages ?? maximumMessages
        self.maximumBytes = declaration.maximumBytes ?? maximumBytes
    }

    /// A row of the table that stands empty.
    static var vacant: StreamLog {
        var log = StreamLog(DestinationDeclaration(.stream("vacant")), maximumMessages: 0, maximumBytes: 0)
        log.isVacant = true
        return log
    }

    /// The offset of the next entry.
    var end: UInt64 { first + UInt64(entries.count) }

    subscript(offset: UInt64) -> Entry? { offset < first ? nil : entries[Int(offset - first)] }

    func hasRoom(for size: Int, count: Int = 1) -> Bool {
        entries.count &+ count <= maximumMessages
            && (bytes &+ size <= maximumBytes || entries.isEmpty && count == 1)
    }

    mutating func append(_ message: consuming Message, size: Int, at now: Timestamp) -> UInt64 {
        entries.append(Entry(message: consume message, appendedAt: now))
        bytes += size
        return end - 1
    }

    /// Lets go of what every group has settled (`read` is the lowest offset that is not) as far as it must for so many
    /// messages of this size together, or as the retention says. A stream without a group lets go of nothing: nobody has
    /// read it.
    mutating func trim(readBefore read: UInt64, toFit size: Int, count: Int, at now: Timestamp) {
        while first < read, let entry = entries.first {
            let isKept = declaration.retention.map { now - entry.appendedAt < $0 }
            guard isKept == false || isKept == nil && !hasRoom(for: size, count: count) else { return }
            bytes -= entry.message.byteCount
            _ = entries.popFirst()
            first += 1
        }
    }

    /// When the retention lets go of the first entry, where it was read; nil: it does not, or something else must come first.
    func retentionEnds(readBefore read: UInt64) -> Timestamp? {
        guard first < read, let retention = declaration.retention else { return nil }
        return entries.first.map { $0.appendedAt + retention }
    }

    /// The offset where reading from `start` begins; `.positionGone` when it is no longer there.
    func offset(of start: StartPosition) throws(BrokerError) -> UInt64 {
        switch start {
        case .earliest: return first
        case .latest: return end
        case .time(let time): return firstOffset(notBefore: time)
        case .position(let position):
            guard position == Position(major: position.major), position.major <= end else {
                throw BrokerError(
                    .invalidArgument,
                    "position \(position.description.quoted) is not one of \(declaration.destination); it has \(first) to \(end)"
                )
            }
            guard position.major >= first else { throw gone(position.major) }
            return position.major
        }
    }

    /// The error of an offset that was trimmed.
    func gone(_ offset: UInt64) -> BrokerError {
        BrokerError(
            .positionGone, "position \(offset) of \(declaration.destination) is gone; the first there is is \(first)",
            details: ["first": String(first)])
    }

    private func firstOffset(notBefore time: Timestamp) -> UInt64 {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if let entry = entries[middle], entry.appendedAt < time { low = middle + 1 } else { high = middle }
        }
        return first + UInt64(low)
    }

    /// The server's process has ended: transient messages are gone. Offsets stay as they are, with holes.
    mutating func loseTransient() { lostBefore = end }

    /// Whether an entry was transient and went with the server's process.
    func isLost(_ offset: UInt64) -> Bool {
        offset < lostBefore && self[offset]?.message.deliveryMode == .transient
    }
}
