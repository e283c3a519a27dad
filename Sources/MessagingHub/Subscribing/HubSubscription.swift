public import Messaging
import MessagingReliability

/// A subscription of a program: its handler runs for each delivery until it is cancelled, or the hub shuts down.
public final class HubSubscription: Sendable {
    /// How a subscription is.
    public enum State: Hashable, Sendable {
        /// Not live yet: the hub does not run, or its broker cannot be reached.
        case waiting
        /// Handlers run.
        case live
        /// Everything was given back after a failure that may not be passed over; it goes on by itself.
        case paused
        /// It begins no more runs; those in flight finish.
        case ending
        /// It gives no more: cancelled, shut down, at its end, or for this error.
        case ended(BrokerError?)
    }

    /// What a rest has ended with.
    private enum News: Sendable {
        case none
        case deliveries([Delivery])
        case ended(BrokerError)
    }

    /// Nothing is to be done: one small task waits for that to change.
    private struct Rest: Sendable {
        let consumer: any MessageConsumer
        var task: Task<Void, Never>?
        var news = News.none
    }

    private struct Status: Sendable {
        var state = State.waiting
        /// Whether it has been run.
        var hasRun = false
        var loop: SubscriberLoop?
        var rest: Rest?
        var grace: Duration?
    }

    /// What declares, before each try to subscribe, what its topic needs.
    struct Preparation: Sendable {
        let publishers: Publishers
        let route: Route
    }

    /// What all subscriptions of a hub have in common: one object, whatever their number.
    final class Terms: Sendable {
        let grace: Duration
        let gatherTime: any TimeSource
        /// How long there is nothing to do before it rests.
        let idleTime: Duration
        let executor: (any TaskExecutor)?

        init(grace: Duration, _ environment: HubEnvironment) {
            self.grace = grace
            gatherTime = environment.gatherTime
            idleTime = environment.idleTime
            executor = environment.door?.executor
        }
    }

    /// The topic; nil where the subscription is to a pattern.
    public var topic: Topic? {
        if case .destination(let destination) = subscription.source { destination.topic } else { nil }
    }
    /// What it receives from, in words: `queue orders`, `stream orders (group billing)`.
    public var label: String { subscription.label }
    let broker: any MessageBroker
    let subscription: Subscription
    /// Fires when it is live, or has ended.
    let settled = Signal()
    /// Fires when it has ended.
    let over = Signal()
    private let runner: DeliveryRunner
    private let workers: Int
    private let terms: Terms
    private let preparation: Preparation?
    private let stopping = Signal()
    private let released = Signal()
    private let status = Lock(Status())

    init(
        _ subscription: Subscription, on broker: any MessageBroker, _ runner: DeliveryRunner,
        workers: Int, _ terms: Terms, prepared preparation: Preparation? = nil
    ) {
        self.subscription = subscription
        self.broker = broker
        self.runner = runner
        self.workers = workers
        self.terms = terms
        self.preparation = preparation
    }

    /// How it is.
    public var state: State { status.withLock { $0.state } }

    /// Returns once it has ended: it was cancelled, the hub has shut down, or the end that it reads up to is settled. Throws
    /// the error that it ended with, and `CancellationError` when the task is cancelled.
    public func waitUntilEnded() async throws {
        _ = await over.wait(on: runner.time)
        if case .ended(let error?) = state { throw error }
        try Task.checkCancellation()
    }

    /// Ends it: handlers in flight finish within the hub's grace period and are settled, the rest goes back at once.
    /// Returns when that is done; harmless when repeated. Not to be called from its own handler, which it waits for.
    public func cancel() async { await end(within: terms.grace) }

    /// The same within this time.
    func end(within limit: Duration) async {
        let (loop, rest): (SubscriberLoop?, Rest?) = status.withLock { status in
            if status.grace == nil { status.grace = limit }
            if case .waiting = status.state, status.loop == nil { status.state = .ended(nil) }
            return (status.loop, status.rest)
        }
        stopping.fire()
        await loop?.stop()
        status.withLock { if $0.state == .live { $0.state = .ending } }
        if let rest { await end(rest) }
        if hasRun {
            await released.waitUncancelled()
        } else {
            settled.fire()
            over.fire()
        }
    }

    /// Ends a rest. A consumer that ignores its cancellation keeps neither the hub nor its brokers.
    private func end(_ rest: Rest) async {
        let (time, overdue) = (SystemTime.shared, Signal())
        let alarm = time.alarm(at: time.deadline(after: .seconds(1))) { overdue.fire() }
        defer { time.silence(alarm) }
        let stopping = Task(executorPreference: terms.executor) { await rest.consumer.stop() }
        rest.task?.cancel()
        await Signal.waitForAny(of: [released, overdue])
        stopping.cancel()
        if released.isFired { return }
        runner.observer.state(.error, "receiving ignores its cancellation", [])
        set(.ended(nil))
        settled.fire()
        released.fire()
    }

    /// Whether it has nothing to do, and keeps nothing for when it has.
    var isResting: Bool { status.withLock { $0.rest?.task != nil } }

    /// What stands wrong and waits for somebody; nil when nothing does.
    var alarm: String? { runner.failures.alarm ?? runner.deduplicator?.alarm }
    /// What stands before its handler.
    var breaker: HandlerBreaker? { runner.breaker }

    /// The broker has taken lanes away.
    func revoke() { status.withLock { $0.loop }?.revoke() }

    // MARK: Running, in a task of the hub

    /// Whether it has been run.
    var hasRun: Bool { status.withLock { $0.hasRun } }

    /// Subscribes, works, and begins again after a pause, until it has ended, or there is nothing to do; whether it has
    /// ended. If not, it is to be run again when it comes back through `arrivals`.
    func run(returningBy arrivals: Arrivals<HubSubscription>) async -> Bool {
        var last: BrokerError?
        let rest = status.withLock { status in
            status.hasRun = true
            defer { status.rest = nil }
            return status.rest
        }
        var (consumer, news) = (rest?.consumer, rest?.news ?? .none)
        while !stopping.isFired {
            if consumer == nil { consumer = await subscribed(&last) }
            guard let current = consumer else { break }
            let end: SubscriberLoop.End
            switch news {
            case .deliveries(let first): end = await work(current, first)
            case .ended(let error): end = .ended(error)
            case .none:
                if beginRest(current, arrivals) { return false }
                end = .stopped
            }
            news = .none
            if case .rested = end { continue }
            await current.cancel()
            consumer = nil
            if case .paused(let duration) = end {
                set(.paused)
                await stopping.wait(atMost: max(duration, .milliseconds(100)), on: runner.time)
                continue
            }
            if case .ended(let error) = end { last = error.endReason == .reachedEnd ? nil : error }
            break
        }
        await consumer?.cancel()
        if stopping.isFired { last = nil }
        if let last { runner.observer.state(.error, "subscription ended", [("error", last.description)]) }
        set(.ended(last))
        settled.fire()
        released.fire()
        return true
    }

    /// Waits for the next delivery with as little as that takes: what an idle subscription costs is this task. False when
    /// it is to end.
    private func beginRest(_ consumer: any MessageConsumer, _ arrivals: Arrivals<HubSubscription>) -> Bool {
        let counters = runner.counters
        let reception = Reception(
            consumer: consumer, time: runner.time, counted: { counters.received.add($0) },
            ended: { error in self.status.withLock { $0.rest?.news = .ended(error) } }, breaker: runner.breaker,
            stopping: stopping)
        let limit = runner.policy.isOrdered ? Reception.most : min(workers, Reception.most)
        let isResting = status.withLock { status in
            if status.grace != nil { return false }
            status.state = .live
            status.rest = Rest(consumer: consumer)
            // Without a preference where there is none to have: said all the same, it would take room in the task.
            status.rest?.task =
                if let executor = terms.executor {
                    Task(executorPreference: executor) { await self.rest(with: reception, upTo: limit, arrivals) }
                } else {
                    Task { await self.rest(with: reception, upTo: limit, arrivals) }
                }
            return true
        }
        settled.fire()
        return isResting
    }

    @inline(__always) private func rest(
        with reception: Reception, upTo limit: Int, _ arrivals: Arrivals<HubSubscription>
    ) async {
        if case .deliveries(let first) = await reception.receive(upTo: limit) {
            status.withLock { $0.rest?.news = .deliveries(first) }
        }
        // A hub that takes no more is about to end it.
        if !arrivals.add(self) { _ = await run(returningBy: arrivals) }
    }

    /// A consumer; what may succeed later is repeated until it does.
    private func subscribed(_ last: inout BrokerError?) async -> (any MessageConsumer)? {
        var pause = Duration.milliseconds(250)
        while !stopping.isFired {
            do throws(BrokerError) {
                if let topic, let preparation {
                    try await preparation.publishers.declare(topic, preparation.route, adding: subscription.group)
                }
                let consumer = try await broker.subscribe(subscription)
                last = nil
                return consumer
            } catch {
                last = error
                if !error.isRetryable { return nil }
                if pause == .milliseconds(250) {
                    runner.observer.state(.warning, "subscribing failed", [("error", error.description)])
                }
            }
            await stopping.wait(atMost: pause, on: runner.time)
            pause = min(pause * 2, .seconds(2))
        }
        return nil
    }

    private func work(_ consumer: any MessageConsumer, _ first: [Delivery]) async -> SubscriberLoop.End {
        let loop = SubscriberLoop(
            consumer, runner, workers: workers, sweepTime: terms.gatherTime, first: first, rest: terms.idleTime)
        status.withLock { status in
            status.loop = loop
            status.state = .live
        }
        return await withTaskGroup(of: SubscriberLoop.End?.self) { group in
            group.addTask { await loop.run() }
            group.addTask {
                await self.finish(loop)
                return nil
            }
            var end = SubscriberLoop.End.stopped
            for await result in group { end = result ?? end }
            return end
        }
    }

    /// Waits for the end of a loop; then what is unfinished when the grace period is over is cancelled and goes back.
    private func finish(_ loop: SubscriberLoop) async {
        await Signal.waitForAny(of: [stopping, loop.stopping, loop.done])
        if stopping.isFired { await loop.stop() }
        let limit = status.withLock { $0.grace } ?? terms.grace
        if await !loop.done.wait(atMost: limit, on: runner.time) {
            loop.interrupt()
            if await !loop.done.wait(atMost: .seconds(1), on: SystemTime.shared) {
                runner.observer.state(.error, "handlers ignore their cancellation", [("grace", limit.optionText)])
            }
        }
        status.withLock { $0.loop = nil }
        if loop.hasRested, !stopping.isFired { return }
        await loop.settler.consumer.cancel()
        if stopping.isFired {
            set(.ended(nil))
            released.fire()
        }
    }

    private func set(_ state: State) {
        status.withLock { $0.state = state }
        if case .ended = state { over.fire() }
    }
}
