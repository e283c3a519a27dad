import Messaging

extension Inbox {
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
}
