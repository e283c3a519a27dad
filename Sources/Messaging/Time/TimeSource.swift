/// A clock that can be injected: what time it is, and a call when a moment has come.
///
/// It is not the standard library's `Clock`, because a deadline must end a wait without a task of its own that sleeps, which
/// would cost each wait an allocation and two switches: an alarm calls, and what it calls resolves the `Waiter`.
/// `SystemTime` is the machine's; `VirtualTime` of `MessagingTesting` moves when a test says so.
public protocol TimeSource: Sendable {
    /// Wall-clock time: for what messages carry.
    var now: Timestamp { get }
    /// Time that only grows, from an arbitrary beginning: for measuring and for deadlines.
    var uptime: Duration { get }
    /// The same for a fraction of the cost, in steps of up to 10 ms and from a beginning of its own: only the difference
    /// of two has a meaning. Default: `uptime`.
    var coarseUptime: Duration { get }
    /// Calls `action` once when `uptime` has reached this moment, soon when it has already. It must not block.
    func alarm(at uptime: Duration, _ action: @escaping @Sendable () -> Void) -> Alarm
    /// Forgets an alarm; harmless when it has rung.
    func silence(_ alarm: Alarm)
}

/// What silences an alarm.
public struct Alarm: Hashable, Sendable {
    let number: UInt64
}

extension TimeSource {
    /// `uptime`: a clock that is cheap to ask needs no second one.
    public var coarseUptime: Duration { uptime }

    /// The moment of `uptime` when this much time has passed. Nothing negative, and a hundred years at most, so that no
    /// caller's duration overflows.
    @usableFromInline package func deadline(after duration: Duration) -> Duration {
        uptime + min(max(.zero, duration), .seconds(100 * 365 * 86_400))
    }

    /// Waits until this much time has passed on this clock; throws `CancellationError` when the task is cancelled.
    public func sleep(for duration: Duration) async throws {
        let waiter = Waiter<Never>()
        if case .cancelled = await waiter.wait(atMost: duration, on: self) { throw CancellationError() }
    }
}

/// The alarms of a clock, the earliest first. A value: what to ring is decided here, ringing is the clock's.
package struct AlarmQueue: Sendable {
    private struct Entry: Comparable, Sendable {
        let moment: Duration
        let number: UInt64
        static func < (left: Entry, right: Entry) -> Bool {
            left.moment == right.moment ? left.number < right.number : left.moment < right.moment
        }
    }

    private var heap = Heap<Entry>()
    private var actions: [UInt64: @Sendable () -> Void] = [:]
    private var count: UInt64 = 0

    package init() {}

    /// Adds an alarm.
    package mutating func add(at moment: Duration, _ action: @escaping @Sendable () -> Void) -> Alarm {
        count += 1
        heap.insert(Entry(moment: moment, number: count))
        actions[count] = action
        return Alarm(number: count)
    }

    /// Removes an alarm. What is left of silenced ones in the heap never outnumbers the live ones by more than 64.
    package mutating func remove(_ alarm: Alarm) {
        guard actions.removeValue(forKey: alarm.number) != nil else { return }
        if heap.count > 2 * actions.count + 64 {
            heap = Heap(heap.elements.filter { actions[$0.number] != nil })
        }
    }

    /// When the next alarm rings; nil when there is none.
    package mutating func next() -> Duration? {
        while let entry = heap.first {
            if actions[entry.number] != nil { return entry.moment }
            _ = heap.popFirst()
        }
        return nil
    }

    /// Takes out the next alarm that is due at `uptime`.
    package mutating func popDue(at uptime: Duration) -> (moment: Duration, action: @Sendable () -> Void)? {
        guard let moment = next(), moment <= uptime, let entry = heap.popFirst(),
            let action = actions.removeValue(forKey: entry.number)
        else { return nil }
        return (moment, action)
    }
}
