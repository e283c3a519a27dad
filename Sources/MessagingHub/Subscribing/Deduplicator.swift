import Messaging
import MessagingReliability
import Synchronization

/// The stage of deduplication of one subscription: asks the store before a run, tells it how the run ended, and renews
/// the leases of the runs that go on.
///
/// A copy whose original is being handled elsewhere waits, held and without a worker, and is looked at again; on an
/// ordered route its worker waits, because nothing of its key may pass. So does every message while the store fails.
/// None of that counts as an attempt.
final class Deduplicator: Sendable {
    struct Run: Sendable {
        let key: DeduplicationKey
        let holder: DeduplicationHolder
        var isLost = false
    }

    /// A copy that waits.
    struct Waiting: Sendable {
        let key: DeduplicationKey
        var due: Duration
        var looks = 1
    }

    /// A key whose work is done, and whose store did not take that in.
    struct Unmarked: Sendable {
        let run: Run
        let end: Duration
    }

    struct State: Sendable {
        var runs: [Receipt: Run] = [:]
        var waiting: [Receipt: Waiting] = [:]
        var unmarked: [Unmarked] = []
        var keeper: Waiter<Void>?
        var isOpen = false
        var failure: String?
    }

    /// For whom a subscription receives.
    struct Place: Sendable {
        let broker: BrokerName
        let route: String
        let group: GroupName?
        let origin: @Sendable (Delivery) -> Destination
    }

    let policy: DeduplicationPolicy
    let store: any DeduplicationStore
    let time: any TimeSource
    let counters: HubCounters
    let observer: HubObserver
    let state = Lock(State())
    private let place: Place
    private let isOrdered: Bool
    let isFailing = Atomic<Bool>(false)

    init(
        _ policy: DeduplicationPolicy, _ store: any DeduplicationStore, at place: Place, isOrdered: Bool,
        time: any TimeSource, counters: HubCounters, observer: HubObserver
    ) {
        self.policy = policy
        self.store = store
        self.place = place
        self.isOrdered = isOrdered
        self.time = time
        self.counters = counters
        self.observer = observer
    }

    /// What stands wrong: the store fails, and messages wait for it.
    var alarm: String? {
        state.withLock { $0.failure }.map { "the deduplication store of route \(place.route) fails: \($0)" }
    }

    /// Before a run: nil where it may begin, else what becomes of the delivery instead.
    func enter(_ delivery: Delivery, _ loop: SubscriberLoop) async -> Verdict? {
        let key = DeduplicationKey(
            broker: place.broker, route: place.route, destination: place.origin(delivery), group: place.group,
            id: delivery.message.id)
        var looks = 0
        while true {
            let run = Run(key: key, holder: DeduplicationHolder())
            switch await begin(run) {
            case .fresh:
                guard loop.settler.consumer.holds(delivery.receipt) else {
                    await end(run, succeeded: false)
                    return .settle(.release)
                }
                state.withLock { $0.runs[delivery.receipt] = run }
                return nil
            case .done:
                countDuplicate(key)
                return .settle(.accept)
            case .busy(let left):
                let pause = policy.pause(leaseLeft: left, looks: looks)
                looks += 1
                if !isOrdered {
                    wait(delivery.receipt, Waiting(key: key, due: time.deadline(after: pause)))
                    return .leave
                }
                if await loop.stopping.wait(atMost: pause, on: time) || Task.isCancelled { return .leave }
                if !loop.settler.consumer.holds(delivery.receipt) { return .settle(.release) }
            }
        }
    }

    /// After a run, once what it sends on is confirmed: its key is done, or free again.
    func leave(_ receipt: Receipt, succeeded: Bool) async {
        guard let run = state.withLock({ $0.runs.removeValue(forKey: receipt) }) else { return }
        await end(run, succeeded: succeeded)
        let keeper: Waiter<Void>? = state.withLock { state in
            if state.waiting.isEmpty { return nil }
            let now = time.uptime
            for (receipt, copy) in state.waiting where copy.key == run.key { state.waiting[receipt]?.due = now }
            return state.takeKeeper()
        }
        keeper?.resolve(())
    }

    // MARK: The store

    /// Asks the store. While it fails nobody knows, so everything is busy: for a second.
    func begin(_ run: Run) async -> DeduplicationState {
        do {
            let answer = try await store.begin(run.key, by: run.holder, for: policy.lease)
            answered()
            return answer
        } catch {
            failed(error)
            return .busy(for: .seconds(1))
        }
    }

    /// Tells the store how a run ended. What was not marked as done is marked later, as long as its lease would stand;
    /// what was not freed is free when its lease is over.
    func end(_ run: Run, succeeded: Bool) async {
        do {
            if succeeded {
                try await store.finish(run.key, by: run.holder, keeping: policy.retention)
            } else {
                try await store.free(run.key, by: run.holder)
            }
            answered()
        } catch {
            failed(error)
            if !succeeded { return }
            let unmarked = Unmarked(run: run, end: time.deadline(after: policy.lease))
            state.withLock { $0.unmarked.append(unmarked) }
        }
    }

    func countDuplicate(_ key: DeduplicationKey) {
        counters.duplicates.add(1)
        observer.state(.debug, "duplicate accepted", [("messaging.message.id", key.id.description)])
    }

    func answered() {
        guard isFailing.load(ordering: .relaxed), isFailing.exchange(false, ordering: .relaxed) else { return }
        state.withLock { $0.failure = nil }
        observer.state(.info, "deduplication store answers again")
    }

    func failed(_ error: any Error) {
        counters.deduplicationFailed.add(1)
        let text = DeadLetter.printable("\(error)")
        state.withLock { $0.failure = text }
        if isFailing.exchange(true, ordering: .relaxed) { return }
        observer.state(.error, "deduplication store fails; messages wait for it", [("error", text)])
    }

    private func wait(_ receipt: Receipt, _ copy: Waiting) {
        let keeper: Waiter<Void>? = state.withLock { state in
            state.waiting[receipt] = copy
            return state.takeKeeper()
        }
        keeper?.resolve(())
    }
}

extension Deduplicator.State {
    /// Who sleeps until something is due, to be woken because that has changed.
    mutating func takeKeeper() -> Waiter<Void>? {
        defer { keeper = nil }
        return keeper
    }
}
