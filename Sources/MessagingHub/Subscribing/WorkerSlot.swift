import Messaging

/// What a worker shares with others: the settlements that it has not flushed, and when its run began.
final class WorkerSlot: Sendable {
    private struct Mark: Sendable {
        var start: Duration?
        var isStruck = false
        var strike: Signal?
    }

    /// How many settlements wait before the worker flushes them by itself.
    static let flushCount = 64
    let index: Int
    private let pending = Lock<[ReceiptSettlement]>([])
    private let mark = Lock(Mark())

    init(index: Int) { self.index = index }

    /// Adds a settlement; how many there are now.
    func add(_ settlement: ReceiptSettlement) -> Int {
        pending.withLock { pending in
            pending.append(settlement)
            return pending.count
        }
    }

    /// Takes out the settlements that wait.
    func take() -> [ReceiptSettlement] {
        pending.withLock { pending in
            if pending.isEmpty { return [] }
            var taken: [ReceiptSettlement] = []
            taken.reserveCapacity(Self.flushCount)
            swap(&taken, &pending)
            return taken
        }
    }

    var isDirty: Bool { pending.withLock { !$0.isEmpty } }

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
