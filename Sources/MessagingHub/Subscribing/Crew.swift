import Messaging

/// The workers of a loop: which have begun, and how many are left. A worker begins when there is work for it.
final class Crew: Sendable {
    /// What the loop is to do.
    enum Order: Sendable {
        case begin(WorkerSlot)
        case cancelAll
    }

    private struct State: Sendable {
        var slots: [WorkerSlot] = []
        var working = 0
    }

    private let state = Lock(State())
    private let orders = Arrivals<Order>()

    /// The slots of the workers that have begun, in that order.
    var slots: [WorkerSlot] { state.withLock { $0.slots } }

    /// The worker of this number is to begin; nobody says it twice.
    func begin(_ index: Int) {
        let slot = WorkerSlot(index: index)
        state.withLock { state in
            state.slots.append(slot)
            state.working += 1
        }
        _ = orders.add(.begin(slot))
    }

    /// All of them are to be cancelled.
    func cancelAll() { _ = orders.add(.cancelAll) }

    /// A worker has come back for good.
    func leave() {
        let isLast = state.withLock { state in
            state.working -= 1
            return state.working == 0
        }
        if isLast { orders.close() }
    }

    /// The next order; nil once all have come back.
    func next() async -> Order? { await orders.next() }
}
