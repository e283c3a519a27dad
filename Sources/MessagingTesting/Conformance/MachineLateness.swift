package import Messaging

/// How late waits of this machine are: what a promise of promptness cannot be blamed for.
///
/// The waits run on the threads that run everything. Where those are late although the processors were idle, somebody
/// blocks them, and that is no excuse: no more is counted than the processors were busy meanwhile.
package struct MachineLateness {
    private static let wait = Duration.milliseconds(5)
    /// The kernel's steps, one at each end.
    private static let granularity = Duration.milliseconds(20)

    private let time: any TimeSource
    private let busy: @Sendable () -> Duration?

    package init(on time: any TimeSource) { self.init(on: time) { ProcessUse.machineBusy() } }

    /// `busy` is how long the processors have worked so far, nil where nobody knows: then all lateness counts.
    init(on time: any TimeSource, busy: @escaping @Sendable () -> Duration?) {
        self.time = time
        self.busy = busy
    }

    /// Waits that were late, until something is done. The last wait counts too: where all stood still, what was waited
    /// for is done before the wait is seen to be over.
    package func until(_ isDone: Observed<Bool>) async -> LateWaits {
        var waits = LateWaits()
        while true {
            let (began, before) = (time.uptime, busy())
            let value = await isDone.first(within: Self.wait) { $0 }
            let end = time.uptime
            let late = end - began - Self.wait
            if late <= Self.granularity {
                waits.slightest = max(waits.slightest, late)
            } else {
                waits.all.append(.init(began: began, end: end, late: Self.excused(late, from: before, to: busy())))
            }
            if value != nil || Task.isCancelled { return waits }
        }
    }

    private static func excused(_ late: Duration, from before: Duration?, to after: Duration?) -> Duration {
        guard let before, let after else { return late }
        return min(late, after - before + granularity)
    }
}

/// How late the machine was, and when.
package struct LateWaits: Sendable {
    struct Wait: Sendable {
        let began: Duration
        let end: Duration
        let late: Duration
    }

    /// The worst of the waits that were hardly late.
    var slightest = Duration.zero
    /// The others, in their order.
    var all: [Wait] = []

    /// How late all of it was together: what needs several steps may be late at each.
    package var total: Duration { max(slightest, all.reduce(.zero) { $0 + $1.late }) }

    /// The same, of what was late between two moments of the clock's uptime.
    package func between(_ start: Duration, _ end: Duration) -> Duration {
        let within = all.filter { $0.began < end && $0.end > start }
        return max(slightest, within.reduce(.zero) { $0 + $1.late })
    }
}
