import Messaging
import Synchronization

/// What this process remembers of messages whose runs failed here, until one succeeds: bounded, the oldest go first.
///
/// It keeps a retry from coming too early where the broker returns the message at once, counts runs where the broker
/// does not, and knows when a message failed first where a retry is not a copy. An alarm stands as long as one of them is
/// a message that nobody takes; one that goes to make room stands for it again when it comes again.
final class FailureMemory: Sendable {
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
        var records: [MessageID: Record] = [:]
        var order = RingBuffer<MessageID>()
        var kept = 0
    }

    /// How many messages are remembered at most.
    static let capacity = 4096
    private let state = Lock(State())
    private let count = Atomic<Int>(0)

    /// Whether nothing is remembered; asked for every message.
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    /// How many ids are kept for the order, forgotten ones among them.
    var orderCount: Int { state.withLock { $0.order.count } }

    /// The alarm that stands, in a sentence: of the messages that nobody takes the one that failed first, and how many
    /// there are beside it; nil when there is none.
    var alarm: String? {
        state.withLock { state in
            if state.kept == 0 { return nil }
            let kept = state.records.filter { $0.value.kept != nil }
            guard let (id, first) = kept.min(by: { $0.value.failure.firstTime < $1.value.failure.firstTime }),
                let why = first.kept
            else { return nil }
            let others = kept.count == 1 ? "" : ", and \(kept.count - 1) more"
            return "message \(id) is \(why): \(first.failure.sentence)\(others)"
        }
    }

    /// What is remembered of a message.
    subscript(id: MessageID) -> Record? { isEmpty ? nil : state.withLock { $0.records[id] } }

    /// Remembers a failure; true when it raises the alarm.
    func remember(_ id: MessageID, _ record: Record) -> Bool {
        state.withLock { state in
            let wasAlarming = state.kept > 0
            Self.put(record, for: id, &state)
            while state.records.count > Self.capacity, let oldest = state.order.popFirst() {
                Self.put(nil, for: oldest, &state)
            }
            if state.order.count > 4 * Self.capacity { Self.compact(&state) }
            count.store(state.records.count, ordering: .relaxed)
            return !wasAlarming && state.kept > 0
        }
    }

    /// Forgets a message.
    func forget(_ id: MessageID) {
        if isEmpty { return }
        state.withLock { state in
            Self.put(nil, for: id, &state)
            count.store(state.records.count, ordering: .relaxed)
        }
    }

    /// Leaves each remembered id once in the order.
    private static func compact(_ state: inout State) {
        var seen: Set<MessageID> = []
        for _ in 0..<state.order.count {
            guard let id = state.order.popFirst(), state.records[id] != nil, seen.insert(id).inserted else { continue }
            state.order.append(id)
        }
    }

    private static func put(_ record: Record?, for id: MessageID, _ state: inout State) {
        let old = state.records.removeValue(forKey: id)
        if old?.kept != nil { state.kept -= 1 }
        guard let record else { return }
        if record.kept != nil { state.kept += 1 }
        if old == nil { state.order.append(id) }
        state.records[id] = record
    }
}
