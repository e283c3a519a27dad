import Messaging

/// Messages of a queue that were never handed out, in the order of their arrival; they have no slots yet.
struct Backlog: Sendable {
    struct Tag: BitwiseCopyable, Sendable {
        let order: UInt64
        let size: Int
    }

    // Apart from each other, so that a message moves from one to the next without a reference counted.
    private var messages = RingBuffer<Message>()
    private var tags = RingBuffer<Tag>()
    private(set) var bytes = 0

    var count: Int { tags.count }
    var isEmpty: Bool { tags.isEmpty }

    mutating func append(_ message: consuming Message, _ tag: Tag) {
        bytes &+= tag.size
        messages.append(consume message)
        tags.append(tag)
    }

    /// The tag of the oldest, taken out; its message is to be taken out next.
    mutating func popTag() -> Tag? {
        guard let tag = tags.popFirst() else { return nil }
        bytes &-= tag.size
        return tag
    }

    mutating func popMessage() -> Message? { messages.popFirst() }

    /// Takes over all that another has; without moving any of it where this one has nothing.
    mutating func takeOver(_ other: inout Backlog) {
        if isEmpty { return swap(&self, &other) }
        while let tag = other.popTag(), let message = other.popMessage() { append(message, tag) }
    }

    /// Removes some, which it returns.
    mutating func removeAll(where isUnwanted: (Message, Mark) -> Bool) -> [(message: Message, mark: Mark)] {
        var kept = Backlog()
        var removed: [(message: Message, mark: Mark)] = []
        while let tag = popTag(), let message = popMessage() {
            let mark = Mark(message, order: tag.order, size: tag.size)
            if isUnwanted(message, mark) { removed.append((message, mark)) } else { kept.append(message, tag) }
        }
        self = kept
        return removed
    }

    /// Where each stands.
    var orders: [UInt64] { (0..<tags.count).compactMap { tags[$0]?.order } }
}
