import Messaging
import Synchronization

/// What this process remembers of messages whose runs failed here, until one succeeds: bounded, the oldest go first.
///
/// It keeps a retry from coming too early where the broker returns the message at once, counts runs where the broker
/// does not, and knows when a message failed first where a retry is not a copy.
final class FailureMemory: Sendable {
    /// The last failure of a message.
    struct Record: Sendable {
        /// Which run it was, from 1.
        var run: Int
        /// How it failed, and when first.
        var failure: Failure
        /// When the next run may begin, on the hub's clock.
        var notBefore: Duration
        /// Whether nobody takes it any more, so that an alarm stands.
        var isAlarming = false
    }

    private struct State: Sendable {
        var records: [MessageID: Record] = [:]
        var order = RingBuffer<MessageID>()
        var alarming = 0
    }

    /// How many messages are remembered at most.
    static let capacity = 4096
    private let state = Lock(State())
    private let count = Atomic<Int>(0)

    /// Whether nothing is remembered; asked for every message.
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    /// How many ids are kept for the order, forgotten ones among them.
    var orderCount: Int { state.withLock { $0.order.count } }

    /// What is remembered of a message.
    subscript(id: MessageID) -> Record? { isEmpty ? nil : state.withLock { $0.records[id] } }

    /// Remembers a failure; true when it is the first one that nobody takes.
    func remember(_ id: MessageID, _ record: Record) -> Bool {
        state.withLock { state in
            let wasAlarming = state.alarming > 0
            Self.put(record, for: id, &state)
            while state.records.count > Self.capacity, let oldest = state.order.popFirst() {
                Self.put(nil, for: oldest, &state)
            }
            if state.order.count > 4 * Self.capacity { Self.compact(&state) }
            count.store(state.records.count, ordering: .relaxed)
            return !wasAlarming && state.alarming > 0
        }
    }

    /// Forgets a message; true when it was the last one that nobody took.
    func forget(_ id: MessageID) -> Bool {
        if isEmpty { return false }
        return state.withLock { state in
            let wasAlarming = state.alarming > 0
            Self.put(nil, for: id, &state)
            count.store(state.records.count, ordering: .relaxed)
            return wasAlarming && state.alarming == 0
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
        if old?.isAlarming == true { state.alarming -= 1 }
        guard let record else { return }
        if record.isAlarming { state.alarming += 1 }
        if old == nil { state.order.append(id) }
        state.records[id] = record
    }
}
