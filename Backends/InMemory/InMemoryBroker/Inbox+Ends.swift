import Messaging

extension Inbox {
    /// A consumer that ends once what was in the queue when it came is gone.
    struct End: Sendable {
        let consumer: Int
        /// The last message that it waits for, in the order of arrival.
        let order: UInt64
        /// How many of those are left, held ones included.
        var left: Int
    }

    /// Whether a consumer may end with what is settled here.
    var canEnd: Bool { stream != nil || !ends.isEmpty }

    /// From now on it is counted what is left of what is in the queue. A group counts by its position.
    mutating func watchEnd(for consumer: Int) {
        if stream != nil { return }
        closeIntake()
        ends.append(End(consumer: consumer, order: lastOrder, left: count))
    }

    /// The consumer has left.
    mutating func forgetEnd(of consumer: Int) {
        if !ends.isEmpty { ends.removeAll { $0.consumer == consumer } }
    }

    /// A message is gone from the queue for good.
    mutating func leaves(_ order: UInt64) {
        for index in ends.indices where order <= ends[index].order { ends[index].left -= 1 }
    }

    /// A crash has brought back a message that was gone.
    mutating func comesBack(_ order: UInt64) {
        for index in ends.indices where order <= ends[index].order { ends[index].left += 1 }
    }

    /// Whether everything is settled that a consumer waits for: up to this offset of a stream, or in the queue.
    func isSettled(upTo end: UInt64, for consumer: Int) -> Bool {
        if let group { return group.low >= end }
        return ends.allSatisfy { $0.consumer != consumer || $0.left <= 0 }
    }
}
