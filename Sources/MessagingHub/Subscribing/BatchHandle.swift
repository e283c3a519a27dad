import Messaging
import Synchronization

/// Deliveries that came with one receive; workers claim them one at a time, each once, in their order.
///
/// A claim moves the delivery out. Copied, each of its parts would be counted once more, and less once more, by threads
/// that count them at the same time: that took a third of what the hub does for a message.
///
/// `@unchecked Sendable`: a place belongs to the one who has claimed its index, and those nobody claimed to `deinit`.
final class Batch: @unchecked Sendable {
    /// A batch without deliveries.
    static let empty = Batch([], receivedAt: .zero)

    private let places: UnsafeMutablePointer<Delivery>
    private let next = Atomic<Int>(0)
    /// How many there were.
    let count: Int
    /// When the first of them was received.
    let receivedAt: Duration

    /// Moves them out of an array that nobody else has; of others they are copied.
    init(_ deliveries: consuming [Delivery], receivedAt: Duration) {
        count = deliveries.count
        places = .allocate(capacity: count)
        self.receivedAt = receivedAt
        var index = count
        while let delivery = deliveries.popLast() {
            index -= 1
            (places + index).initialize(to: delivery)
        }
    }

    deinit {
        let claimed = min(next.load(ordering: .acquiring), count)
        (places + claimed).deinitialize(count: count - claimed)
        places.deallocate()
    }

    /// The next delivery; nil when all are claimed.
    func claim() -> Delivery? {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < count ? (places + index).move() : nil
    }

    /// All that are left, at once.
    func claimRest() -> [Delivery] {
        let first = min(next.wrappingAdd(count, ordering: .relaxed).oldValue, count)
        return (first..<count).map { (places + $0).move() }
    }

    /// Whether all are claimed.
    var isExhausted: Bool { next.load(ordering: .relaxed) >= count }
}
