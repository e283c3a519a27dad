import Messaging
import Synchronization

/// What this process remembers of messages whose runs failed here, until one succeeds: bounded, the oldest go first.
///
/// It keeps a retry from coming too early where the broker returns the message at once, counts runs where the broker
/// does not, and knows when a message failed first where a retry is not a copy. An alarm stands as long as one of them is
/// a message that nobody takes; one that goes to make room stands for it again when it comes again.
final class FailureMemory: Sendable {
    /// Which message it is: the same one may come on several topics of a pattern.
    struct Key: Hashable, Sendable {
        let topic: Topic?
        let id: MessageID

        /// That of a delivery.
        init(_ delivery: Delivery) { (topic, id) = (delivery.topic, delivery.message.id) }
    }

    /// The last failure of a message.
    struct Record: Sendable {
        /// Which run it was, from 1.
        var run: Int
        /// How it failed, and when first.
        var failure: Failure
        /// When the next run may begin, on the hub's clock.
        var notBefore: Duration
        /// Why it is kept, where nobody takes it any more; nil while it is tried as its policy says.
        var kept: String?
    }

    private struct State: Sendable {
        var records: [Key: Record] = [:]
        var order = RingBuffer<Key>()
        var kept = 0
    }

    /// How many messages are remembered at most.
    static let capacity = 4096
    private let state = Lock(State())
    private let count = Atomic<Int>(0)

    /// Whether nothing is remembered; asked for every message.
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    /// How many keys are kept for the order, forgotten ones among them.
    var orderCount: Int { state.withLock { $0.order.count } }

    /// The alarm that stands, in a sentence: of the messages that nobody takes the one that failed first, and how many
    /// there are beside it; nil when there is none.
    var alarm: String? {
        state.withLock { state in
            if state.kept == 0 { return nil }
            let kept = state.records.filter { $0.value.kept != nil }
            guard let (key, first) = kept.min(by: { $0.value.failure.firstTime < $1.value.failure.firstTime }),
                let why = first.kept
            else { return nil }
            let others = kept.count == 1 ? "" : ", and \(kept.count - 1) more"
            return "message \(key.id) is \(why): \(first.failure.sentence)\(others)"
        }
    }

    /// What is remembered of a message.
    subscript(key: Key) -> Record? { isEmpty ? nil : state.withLock { $0.records[key] } }

    /// Remembers a failure; true when it raises the alarm.
    func remember(_ key: Key, _ record: Record) -> Bool {
        state.withLock { state in
            let wasAlarming = state.kept > 0
            Self.put(record, for: key, &state)
            while state.records.count > Self.capacity, let oldest = state.order.popFirst() {
                Self.put(nil, for: oldest, &state)
            }
            if state.order.count > 4 * Self.capacity { Self.compact(&state) }
            count.store(state.records.count, ordering: .relaxed)
            return !wasAlarming && state.kept > 0
        }
    }

    /// Forgets a message.
    func forget(_ key: Key) {
        if isEmpty { return }
        state.withLock { state in
            Self.put(nil, for: key, &state)
            count.store(state.records.count, ordering: .relaxed)
        }
    }

    /// Leaves each remembered key once in the order.
    private static func compact(_ state: inout State) {
        var seen: Set<Key> = []
        for _ in 0..<state.order.count {
            guard let key = state.order.popFirst(), state.records[key] != nil, seen.insert(key).inserted else {
                continue
            }
            state.order.append(key)
        }
    }

    private static func put(_ record: Record?, for key: Key, _ state: inout State) {
        let old = state.records.removeValue(forKey: key)
        if old?.kept != nil { state.kept -= 1 }
        guard let record else { return }
        if record.kept != nil { state.kept += 1 }
        if old == nil { state.order.append(key) }
        state.records[key] = record
    }
}
