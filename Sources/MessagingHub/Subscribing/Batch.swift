import Messaging
import Synchronization

/// Deliveries that came with one receive; workers claim them one at a time, each once, in their order.
final class Batch: Sendable {
    /// A batch without deliveries.
    static let empty = Batch([], receivedAt: .zero)

    private let deliveries: [Delivery]
    private let next = Atomic<Int>(0)
    /// How many there were.
    var count: Int { deliveries.count }
    /// When the first of them was received.
    let receivedAt: Duration

    init(_ deliveries: [Delivery], receivedAt: Duration) {
        self.deliveries = deliveries
        self.receivedAt = receivedAt
    }

    /// The next delivery; nil when all are claimed.
    func claim() -> Delivery? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < deliveries.count ? deliveries[index] : nil
    }

    /// All that are left, at once.
    func claimRest() -> ArraySlice<Delivery> {
        deliveries[min(next.wrappingAdd(deliveries.count, ordering: .relaxed).oldValue, deliveries.count)...]
    }

    /// Whether all are claimed.
    var isExhausted: Bool { next.load(ordering: .relaxed) >= deliveries.count }
}
