import Messaging
import Synchronization

/// What a worker shares with others: the settlements that it has not flushed, and when its run began.
final class WorkerSlot: Sendable {
    private struct Mark: Sendable {
        var start: Duration?
        var isStruck = false
        var strike: Signal?
    }

    /// How many settlements wait before the worker flushes them by itself.
    static let flushCount = 128
    let index: Int
    /// Settlements other than acceptances. Its lock is also that of whoever takes out.
    private let others = Lock<[ReceiptSettlement]>([])
    private let mark = Lock(Mark())

    // The acceptances, which are nearly all, in a ring of receipts of two words each. The worker alone writes to it, without
    // a lock: that would cost as much as the rest of what the loop does for a message.
    private let ring = InlineArray<256, Atomic<UInt64>> { _ in Atomic(0) }
    /// How many acceptances were ever added, and how many of them taken out.
    private let added = Atomic<Int>(0)
    private let taken = Atomic<Int>(0)
    private let received = Atomic<Int64>(0)

    init(index: Int) { self.index = index }

    /// Adds an acceptance; how many wait now. The worker's task alone calls it.
    func accept(_ receipt: Receipt) -> Int {
        let index = added.load(ordering: .relaxed)
        let count = index &- taken.load(ordering: .acquiring)
        if count >= Self.flushCount { return add(ReceiptSettlement(receipt, .accept)) }
        let place = index % Self.flushCount &* 2
        ring[place].store(receipt.sequence, ordering: .relaxed)
        ring[place &+ 1].store(UInt64(receipt.epoch) << 32 | UInt64(receipt.slot), ordering: .relaxed)
        if count == 0 {
            // Whoever looks for it afterwards must find it, or be seen by the worker: neither may overtake the other.
            added.store(index &+ 1, ordering: .sequentiallyConsistent)
        } else {
            added.store(index &+ 1, ordering: .releasing)
        }
        return count &+ 1
    }

    /// Adds a settlement; how many there are now.
    func add(_ settlement: ReceiptSettlement) -> Int {
        others.withLock { others in
            others.append(settlement)
            return others.count &+ accepted
        }
    }

    /// Takes out the settlements that wait: first the acceptances, and how many these are.
    func take() -> (settlements: [ReceiptSettlement], accepted: Int) {
        others.withLock { others in
            let (first, end) = (taken.load(ordering: .relaxed), added.load(ordering: .acquiring))
            if first == end, others.isEmpty { return ([], 0) }
            var settlements: [ReceiptSettlement] = []
            settlements.reserveCapacity(end &- first &+ others.count)
            for index in first..<end {
                let place = index % Self.flushCount &* 2
                let numbers = ring[place &+ 1].load(ordering: .relaxed)
                let receipt = Receipt(
                    sequence: ring[place].load(ordering: .relaxed), slot: UInt32(truncatingIfNeeded: numbers),
                    epoch: UInt32(truncatingIfNeeded: numbers >> 32))
                settlements.append(ReceiptSettlement(receipt, .accept))
            }
            taken.store(end, ordering: .releasing)
            settlements += others
            others = []
            return (settlements, end &- first)
        }
    }

    private var accepted: Int {
        let taken = taken.load(ordering: .sequentiallyConsistent)
        return added.load(ordering: .sequentiallyConsistent) &- taken
    }

    /// When what its worker works on was received, where somebody asks.
    var receivedAt: Duration {
        get { .nanoseconds(received.load(ordering: .relaxed)) }
        set { received.store(newValue.nanoseconds, ordering: .relaxed) }
    }

    var isDirty: Bool { accepted > 0 || others.withLock { !$0.isEmpty } }

    // MARK: The mark that the watchdog reads

    /// When the run began that goes on; nil when none does, or its time was found to be up.
    var start: Duration? { mark.withLock { $0.isStruck ? nil : $0.start } }

    /// A task begins to work for this slot; `strike` ends it.
    func renew(_ strike: Signal) { mark.withLock { $0 = Mark(start: nil, isStruck: false, strike: strike) } }

    /// A run begins.
    func begin(at now: Duration) { mark.withLock { $0.start = now } }

    /// The run is over; true when its time was up before.
    func end() -> Bool {
        mark.withLock { mark in
            mark.start = nil
            return mark.isStruck
        }
    }

    /// Whether the task of this slot was ended because its run took too long.
    var isStruck: Bool { mark.withLock { $0.isStruck } }

    /// Ends the task, if the run that began then still goes on.
    func strike(runOf start: Duration) {
        let signal: Signal? = mark.withLock { mark in
            guard mark.start == start, !mark.isStruck else { return nil }
            mark.isStruck = true
            return mark.strike
        }
        signal?.fire()
    }
}
