import Messaging

/// How late waits of this machine are: what a promise of promptness cannot be blamed for.
///
/// The waits run on the threads that run everything. Where those are late although the processors were idle, somebody
/// blocks them, and that is no excuse: no more is counted than the processors were busy meanwhile.
struct MachineLateness {
    private static let wait = Duration.milliseconds(5)
    /// The kernel's steps, one at each end.
    private static let granularity = Duration.milliseconds(20)

    private let time: any TimeSource
    private let busy: @Sendable () -> Duration?

    /// `busy` is how long the processors have worked so far, nil where nobody knows: then all lateness counts.
    init(on time: any TimeSource, busy: @escaping @Sendable () -> Duration? = { ProcessUse.machineBusy() }) {
        self.time = time
        self.busy = busy
    }

    /// The worst lateness of a wait until something is done. The last wait counts too: where all stood still, what was
    /// waited for is done before the wait is seen to be over.
    func until(_ isDone: Observed<Bool>) async -> Duration {
        var worst = Duration.zero
        while true {
            let (began, before) = (time.uptime, busy())
            let value = await isDone.first(within: Self.wait) { $0 }
            let late = time.uptime - began - Self.wait
            worst = max(worst, late <= Self.granularity ? late : Self.excused(late, from: before, to: busy()))
            if value != nil || Task.isCancelled { return worst }
        }
    }

    private static func excused(_ late: Duration, from before: Duration?, to after: Duration?) -> Duration {
        guard let before, let after else { return late }
        return min(late, after - before + granularity)
    }
}
