import Messaging

/// What a worker shares with others: the settlements that it has not flushed, and when its run began.
final class WorkerSlot: Sendable {
    private struct Mark: Sendable {
        var start: Duration?
        var isStruck = false
        var strike: Signal?
    }

    private struct Pending: Sendable {
        /// What is accepted: nearly all, so it is kept as the few numbers that it is.
        var accepted: [Receipt] = []
        var others: [ReceiptSettlement] = []
        var count: Int { accepted.count &+ others.count }
    }

    /// How many settlements wait before the worker flushes them by itself.
    static let flushCount = 128
    let index: Int
    private let pending = Lock(Pending())
    private let mark = Lock(Mark())

    init(index: Int) { self.index = index }

    /// Adds an acceptance; how many settlements there are now.
    func accept(_ receipt: Receipt) -> Int {
        pending.withLock { pending in
            pending.accepted.append(receipt)
            return pending.count
        }
    }

    /// Adds a settlement; how many there are now.
    func add(_ settlement: ReceiptSettlement) -> Int {
        pending.withLock { pending in
            pending.others.append(settlement)
            return pending.count
        }
    }

    /// Takes out the settlements that wait: first the acceptances, and how many these are.
    func take() -> (settlements: [ReceiptSettlement], accepted: Int) {
        pending.withLock { pending in
            if pending.count == 0 { return ([], 0) }
            let accepted = pending.accepted.count
            var taken: [ReceiptSettlement] = []
            taken.reserveCapacity(pending.count)
            for receipt in pending.accepted { taken.append(ReceiptSettlement(receipt, .accept)) }
            taken += pending.others
            pending.accepted.removeAll(keepingCapacity: true)
            pending.others = []
            return (taken, accepted)
        }
    }

    var isDirty: Bool { pending.withLock { $0.count > 0 } }

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
