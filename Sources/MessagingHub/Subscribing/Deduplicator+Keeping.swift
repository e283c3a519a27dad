import Messaging
import MessagingReliability
import Synchronization

/// What is done beside the runs, by one task for each consumer: leases are renewed, and copies that wait are looked at.
extension Deduplicator {
    /// A loop begins; `keep` is to be called.
    func open() { state.withLock { $0.isOpen = true } }

    /// Whether something is held here, or is not written yet.
    var isBusy: Bool { state.withLock { !$0.runs.isEmpty || !$0.waiting.isEmpty || !$0.unmarked.isEmpty } }

    /// The runs of a loop are over. What waits goes back with its consumer.
    func close() {
        let keeper: Waiter<Void>? = state.withLock { state in
            state.isOpen = false
            state.waiting = [:]
            return state.takeKeeper()
        }
        keeper?.resolve(())
    }

    /// Works until `close`, deaf to cancellation: a handler that goes on after it was cancelled keeps its lease.
    func keep(_ settler: Settler) async {
        var renewal = time.deadline(after: policy.renewalInterval)
        while await sleep(until: renewal) {
            if time.uptime >= renewal {
                renewal = time.deadline(after: policy.renewalInterval)
                await markUnmarked()
                if policy.renews { await renewLeases() }
            }
            await lookAtWaiting(settler)
        }
        await markUnmarked()
    }

    /// Sleeps until then, until a copy is due, or until something changes; false once it is closed.
    private func sleep(until renewal: Duration) async -> Bool {
        let waiter = Waiter<Void>()
        let due: Duration? = state.withLock { state in
            guard state.isOpen else { return nil }
            state.keeper = waiter
            return state.waiting.values.reduce(renewal) { min($0, $1.due) }
        }
        guard let due else { return false }
        let alarm = time.alarm(at: due) { waiter.resolve(()) }
        _ = await waiter.waitUncancelled()
        time.silence(alarm)
        return state.withLock { $0.isOpen }
    }

    private func renewLeases() async {
        for (receipt, run) in state.withLock({ $0.runs }) where !run.isLost {
            do {
                if try await store.renew(run.key, by: run.holder, for: policy.lease) {
                    answered()
                } else {
                    lose(receipt, run)
                }
            } catch {
                failed(error)
            }
        }
    }

    /// A handler goes on whose lease another may have: what it does may be done twice.
    private func lose(_ receipt: Receipt, _ run: Run) {
        let isRunning = state.withLock { state in
            guard state.runs[receipt]?.holder == run.holder else { return false }
            state.runs[receipt]?.isLost = true
            return true
        }
        guard isRunning else { return }
        counters.deduplicationFailed.add(1)
        observer.state(
            .error, "lease lost while its handler runs; another may run it too",
            [("messaging.message.id", run.key.id.description)])
    }

    private func markUnmarked() async {
        let unmarked = state.withLock { state in
            defer { state.unmarked = [] }
            return state.unmarked
        }
        for entry in unmarked where entry.end > time.uptime {
            do {
                try await store.finish(entry.run.key, by: entry.run.holder, keeping: policy.retention)
                answered()
            } catch {
                failed(error)
                state.withLock { $0.unmarked.append(entry) }
            }
        }
    }

    /// Copies that are due: accepted where the original is done by now, given back where it has failed, so that they
    /// come again and are run.
    private func lookAtWaiting(_ settler: Settler) async {
        let now = time.uptime
        var isFailing = false
        for (receipt, copy) in state.withLock({ $0.waiting.filter { $0.value.due <= now } }) {
            guard settler.consumer.holds(receipt) else {
                state.withLock { $0.waiting[receipt] = nil }
                continue
            }
            // A store that fails is asked for one of them alone, because each answer may take its time.
            if isFailing {
                putOff(receipt, by: policy.pause(leaseLeft: .seconds(1), looks: copy.looks))
                continue
            }
            let run = Run(key: copy.key, holder: DeduplicationHolder())
            switch await begin(run) {
            case .busy(let left):
                isFailing = self.isFailing.load(ordering: .relaxed)
                putOff(receipt, by: policy.pause(leaseLeft: left, looks: copy.looks))
            case .done:
                if await settle(receipt, .accept, settler) { countDuplicate(copy.key) }
            case .fresh:
                await end(run, succeeded: false)
                if await settle(receipt, .release, settler) { counters.released.add(1) }
            }
        }
    }

    private func putOff(_ receipt: Receipt, by pause: Duration) {
        let due = time.deadline(after: pause)
        state.withLock { state in
            state.waiting[receipt]?.due = due
            state.waiting[receipt]?.looks += 1
        }
    }

    /// Whether it was written; what failed is looked at again.
    private func settle(_ receipt: Receipt, _ settlement: Settlement, _ settler: Settler) async -> Bool {
        let outcome = await settler.settleNow(receipt, settlement)
        if case .failed = outcome {
            putOff(receipt, by: .seconds(1))
            return false
        }
        state.withLock { $0.waiting[receipt] = nil }
        return outcome == .settled
    }
}
