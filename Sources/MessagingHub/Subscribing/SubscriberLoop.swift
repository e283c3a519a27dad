import Messaging
import MessagingReliability
import Synchronization

/// The loop of one consumer: up to a fixed number of workers, one of which receives while the others handle. The first
/// begins at once, the others when there is work for them.
///
/// A worker claims a delivery, runs it, and puts the settlement into its own cell; cells are flushed at 128, when there
/// is nothing left to claim, and by a sweeper every 2 ms. There is no task for each message, and no race of tasks for a
/// time-out: a watchdog reads when each run began.
final class SubscriberLoop: Sendable {
    /// Why a loop has ended.
    enum End: Sendable {
        case stopped
        /// There was nothing to do for a while. The consumer goes on, and holds nothing.
        case rested
        case paused(Duration)
        case ended(BrokerError)
    }

    /// Where a new task of a worker goes on: with a run that took too long, and with what was claimed for it.
    private struct Resumption: Sendable {
        var run: (delivery: Delivery, end: RunEnd)?
        var batch = Batch.empty
    }

    /// How long a settlement waits for others at most while its worker is busy.
    static let sweepInterval = Duration.milliseconds(2)
    /// After how many runs a worker lets others have its thread, where neither the handler nor the broker ever waits.
    static let yieldInterval = 1024
    /// After how long it does, too, once it has used up a batch: runs may be slow though nothing waits in them.
    static let turn = Duration.milliseconds(1)

    let settler: Settler
    /// No further run is begun once it has fired.
    let stopping = Signal()
    /// The workers have come back, and what they had gathered is written.
    let done = Signal()
    private let runner: DeliveryRunner
    private let intake: any Intake
    private let crew = Crew()
    private let sweepTime: any TimeSource
    private let sweeper = Lock<Waiter<Void>?>(nil)
    private let isSweeping = Atomic<Bool>(false)
    private let isStopping = Atomic<Bool>(false)
    private let hasRevoked = Atomic<Bool>(false)
    private let fate = Fate()

    /// Why the loop ends: the first reason counts.
    private final class Fate: Sendable {
        private let end = Lock<End?>(nil)
        var value: End? { end.withLock { $0 } }
        func settle(_ reason: End) { end.withLock { if $0 == nil { $0 = reason } } }
    }

    /// `first` has been received already. It ends as `rested` when there was nothing to do for `rest`; nil: never.
    init(
        _ consumer: any MessageConsumer, _ runner: DeliveryRunner, workers: Int, sweepTime: any TimeSource,
        first: [Delivery] = [], rest: Duration? = nil
    ) {
        self.runner = runner
        self.sweepTime = sweepTime
        settler = Settler(consumer, counters: runner.counters, observer: runner.observer, time: sweepTime)
        crew.begin(0)
        let (counters, fate, settler, deduplicator) = (runner.counters, fate, settler, runner.deduplicator)
        let workers = max(1, workers)
        let own = Reception.Loop(begin: { [crew] in crew.begin($0) }, rest: rest) {
            if settler.isBusy || deduplicator?.isBusy == true { return false }
            fate.settle(.rested)
            return true
        }
        let reception = Reception(
            consumer: consumer, time: runner.time, counted: { counters.received.add($0) },
            ended: { fate.settle(.ended($0)) }, loop: own, breaker: runner.breaker, stopping: stopping)
        let now = first.isEmpty ? .zero : runner.time.uptime
        intake =
            runner.policy.isOrdered
            ? LanedIntake(reception, workers: workers, first: first, receivedAt: now)
            : SharedIntake(
                reception, workers: workers,
                first: first.isEmpty ? .empty : Batch(first, receivedAt: now))
    }

    /// Works until the consumer has ended, `stop` was called, or a delivery paused the subscription.
    func run() async -> End {
        runner.deduplicator?.open()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.sweep() }
            if let timeout = runner.timeout { group.addTask { await self.watch(timeout) } }
            if let deduplicator = runner.deduplicator { group.addTask { await deduplicator.keep(self.settler) } }
            while let order = await crew.next() {
                switch order {
                case .begin(let slot):
                    group.addTask {
                        await self.serve(slot)
                        self.crew.leave()
                    }
                case .cancelAll: group.cancelAll()
                }
            }
            runner.deduplicator?.close()
            // The sweeper finishes what it is writing: nothing is done before that is.
            group.cancelAll()
        }
        for slot in crew.slots { await settler.flush(slot) }
        await settler.repeatFailed(all: true)
        done.fire()
        return fate.value ?? .stopped
    }

    /// Whether it ended because there was nothing to do.
    var hasRested: Bool { if case .rested? = fate.value { true } else { false } }

    /// Begins no further run. What runs goes on; a receive that waits ends.
    func stop() async {
        beginStopping(.stopped)
        await settler.consumer.stop()
    }

    /// Cancels the runs that go on.
    func interrupt() { crew.cancelAll() }

    /// The broker has taken lanes away: what was not begun goes back.
    func revoke() {
        hasRevoked.store(true, ordering: .sequentiallyConsistent)
        kickSweeper()
    }

    private func beginStopping(_ reason: End) {
        fate.settle(reason)
        isStopping.store(true, ordering: .relaxed)
        stopping.fire()
        runner.breaker?.wake()
        runner.handover?.giveBack { _ in true }
    }

    // MARK: Workers

    /// Works for a slot; with a time-out, in a task that ends when a run takes too long, and then in a new one.
    private func serve(_ slot: WorkerSlot) async {
        var resumption: Resumption? = Resumption()
        guard runner.timeout != nil else {
            _ = await work(slot, from: Resumption())
            return
        }
        while let current = resumption {
            let strike = Signal()
            slot.renew(strike)
            resumption = await withTaskGroup(of: Resumption?.self) { group in
                group.addTask { await self.work(slot, from: current) }
                group.addTask {
                    await strike.wait(on: self.sweepTime)
                    return nil
                }
                var next: Resumption?
                for await result in group {
                    next = next ?? result
                    group.cancelAll()
                }
                return next
            }
        }
    }

    /// Claims and runs until there is no more; where a run took too long, what a new task is to go on with.
    private func work(_ slot: WorkerSlot, from start: Resumption) async -> Resumption? {
        var (batch, runs, yieldedAt) = (start.batch, 0, sweepTime.coarseUptime)
        let (consumer, runner, handle) = (settler.consumer, runner, runner.handle)
        if let (delivery, end) = start.run {
            let verdict = await runner.runCarefully(delivery, end, slot, self)
            if let next = await conclude(verdict, of: delivery, slot, batch) { return next }
        }
        // A task is cancelled when its run took too long, or when the loop was told to stop before.
        while !isStopping.load(ordering: .relaxed), runner.timeout == nil || !Task.isCancelled {
            if let delivery = batch.claim() {
                let verdict: Verdict =
                    consumer.holds(delivery.receipt)
                    ? await runner.run(delivery, by: handle, on: slot, in: self) : .settle(.release)
                if let next = await conclude(verdict, of: delivery, slot, batch) { return next }
                runs &+= 1
                if runs.isMultiple(of: Self.yieldInterval) { await Task.yield() }
            } else {
                await flush(slot)
                if sweepTime.coarseUptime - yieldedAt >= Self.turn {
                    await Task.yield()
                    yieldedAt = sweepTime.coarseUptime
                }
                guard let next = await intake.next(for: slot.index) else { break }
                batch = next
                if runner.breaker != nil { slot.receivedAt = next.receivedAt }
            }
        }
        await flush(slot)
        intake.leave(slot.index)
        return slot.isStruck ? Resumption(batch: batch) : nil
    }

    /// Does what was decided; what a new task of the worker is to go on with, where it needs one.
    private func conclude(
        _ verdict: Verdict, of delivery: Delivery, _ slot: WorkerSlot, _ batch: Batch
    ) async -> Resumption? {
        switch verdict {
        case .accept:
            await noteAdded(slot, slot.accept(delivery.receipt))
        case .settle(let settlement):
            await noteAdded(slot, slot.add(ReceiptSettlement(delivery.receipt, settlement)))
        case .done, .leave:
            break
        case .struck(let end):
            await flush(slot)
            return Resumption(run: (delivery, end), batch: batch)
        case .pause(let duration):
            beginStopping(.paused(duration))
            await settler.consumer.stop()
        }
        return nil
    }

    /// A settlement was gathered; with it there are so many.
    private func noteAdded(_ slot: WorkerSlot, _ count: Int) async {
        if count == 1, !isSweeping.load(ordering: .sequentiallyConsistent) { kickSweeper() }
        if count >= WorkerSlot.flushCount { await flush(slot) }
    }

    // MARK: The sweeper and the watchdog

    /// Writes what a worker has gathered; what failed is the sweeper's to repeat.
    private func flush(_ slot: WorkerSlot) async {
        await settler.flush(slot)
        if settler.hasPostponed, !isSweeping.load(ordering: .sequentiallyConsistent) { kickSweeper() }
    }

    private func kickSweeper() {
        isSweeping.store(true, ordering: .sequentiallyConsistent)
        let waiter: Waiter<Void>? = sweeper.withLock { sweeper in
            defer { sweeper = nil }
            return sweeper
        }
        waiter?.resolve(())
    }

    /// Flushes what waits while its worker is busy; sleeps as long as there is nothing.
    private func sweep() async {
        while !Task.isCancelled {
            do { try await sweepTime.sleep(for: Self.sweepInterval) } catch { return }
            for slot in crew.slots where slot.isDirty { await settler.flush(slot) }
            await settler.repeatFailed()
            if hasRevoked.exchange(false, ordering: .sequentiallyConsistent) { await giveBackRevoked() }
            if settler.hasPostponed { continue }
            let waiter = Waiter<Void>()
            sweeper.withLock { $0 = waiter }
            isSweeping.store(false, ordering: .sequentiallyConsistent)
            let isWanted = settler.hasPostponed || hasRevoked.load(ordering: .sequentiallyConsistent)
            if isWanted || crew.slots.contains(where: \.isDirty) { kickSweeper() }
            if case .cancelled = await waiter.wait(on: sweepTime) { return }
        }
    }

    private func giveBackRevoked() async {
        runner.breaker?.wake()
        runner.handover?.giveBack { !self.settler.consumer.holds($0) }
        let settlements = intake.withdraw().map { ReceiptSettlement($0.receipt, .release) }
        if settlements.isEmpty { return }
        runner.counters.released.add(settlements.count)
        _ = await settler.consumer.settle(settlements)
    }

    /// Strikes the runs whose time is up.
    private func watch(_ timeout: Timeout) async {
        while !Task.isCancelled {
            let now = runner.time.uptime
            let slots = crew.slots
            let marks = slots.map(\.start)
            for index in timeout.expired(marks, at: now) {
                if let start = marks[index] { slots[index].strike(runOf: start) }
            }
            let next = timeout.nextExpiry(marks, after: now) ?? now + timeout.limit
            do { try await runner.time.sleep(for: next - now) } catch { return }
        }
    }
}
