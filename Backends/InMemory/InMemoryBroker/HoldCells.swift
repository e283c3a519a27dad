import Messaging
import Synchronization

/// Which receipts of one consumer are held, readable without a lock: cell by cell the number of the hold that is in it,
/// or 0. Written under the server's lock alone.
final class HoldCells: Sendable {
    private static let perChunk = 64

    private final class Chunk: Sendable {
        let numbers = InlineArray<64, Atomic<UInt64>> { _ in Atomic(0) }
    }

    private let chunks: [Chunk]
    private let isEnded = Atomic<Bool>(false)
    /// How many cells there are: the window of the consumer.
    let count: Int

    init(count: Int) {
        self.count = count
        chunks = (0..<((count + Self.perChunk - 1) / Self.perChunk)).map { _ in Chunk() }
    }

    /// The consumer has ended.
    func end() { isEnded.store(true, ordering: .releasing) }

    func set(_ cell: Int, to number: UInt64) {
        chunks[cell / Self.perChunk].numbers[cell % Self.perChunk].store(number, ordering: .releasing)
    }

    func holds(_ receipt: Receipt) -> Bool {
        // A subscriber of pubSub holds nothing, and may handle what it got for as long as it is one.
        if count == 0 { return !isEnded.load(ordering: .acquiring) }
        let cell = Int(receipt.slot)
        guard cell < count, receipt.sequence != 0 else { return false }
        return chunks[cell / Self.perChunk].numbers[cell % Self.perChunk].load(ordering: .acquiring) == receipt.sequence
    }
}
