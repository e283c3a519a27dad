import Messaging
import Synchronization

/// Which receipts of one consumer are held, readable without a lock: cell by cell the number of the hold that is in it,
/// or 0. Written under the server's lock alone.
///
/// Most consumers hold a few deliveries at a time: the first cells are part of the object, and the others, as many as the
/// window has, are made when they are used for the first time: under the server's lock, once in the life of a consumer.
///
/// `@unchecked Sendable`: the pointer to the others is set once, under the server's lock, and what it points to is atomic.
final class HoldCells: @unchecked Sendable {
    private typealias Numbers = UnsafeMutablePointer<Atomic<UInt64>>
    private let first = InlineArray<4, Atomic<UInt64>> { _ in Atomic(0) }
    private let others = Atomic<Numbers?>(nil)
    private let isEnded = Atomic<Bool>(false)
    /// How many cells there are: the window of the consumer.
    let count: Int

    init(count: Int) { self.count = count }

    deinit {
        guard let numbers = others.load(ordering: .acquiring) else { return }
        numbers.deinitialize(count: count - first.count)
        numbers.deallocate()
    }

    /// The consumer has ended.
    func end() { isEnded.store(true, ordering: .releasing) }

    /// Puts a number into a cell, of which there must be `count`; the caller has the server's lock.
    func set(_ cell: Int, to number: UInt64) {
        if cell < first.count { return first[cell].store(number, ordering: .releasing) }
        guard cell < count else { return }
        (others.load(ordering: .relaxed) ?? makeOthers())[cell &- first.count].store(number, ordering: .releasing)
    }

    /// The caller has the server's lock: nobody else makes them.
    private func makeOthers() -> Numbers {
        let numbers = Numbers.allocate(capacity: count - first.count)
        for index in 0..<(count - first.count) { (numbers + index).initialize(to: Atomic(0)) }
        others.store(numbers, ordering: .releasing)
        return numbers
    }

    func holds(_ receipt: Receipt) -> Bool {
        // A subscriber of pubSub holds nothing, and may handle what it got for as long as it is one.
        if count == 0 { return !isEnded.load(ordering: .acquiring) }
        let cell = Int(receipt.slot)
        guard cell < count, receipt.sequence != 0 else { return false }
        if cell < first.count { return first[cell].load(ordering: .acquiring) == receipt.sequence }
        guard let numbers = others.load(ordering: .acquiring) else { return false }
        return numbers[cell &- first.count].load(ordering: .acquiring) == receipt.sequence
    }
}
