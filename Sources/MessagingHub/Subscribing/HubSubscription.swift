public import Messaging

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

    private struct Status: Sendable {
        var state = State.waiting
        var loop: SubscriberLoop?
        var grace: Duration?
        var preparation: (@Sendable () async throws(BrokerError) -> Void)?
    }

    /// The topic; nil where the subscription is to a pattern.
    public let topic: Topic?
    /// What it receives from, in words: `queue orders`, `stream orders (group billing)`.
    public let label: String
    let broker: any MessageBroker
    let subscription: Subscription
    /// Fires when it is live, or has ended.
    let settled = Signal()
    /// Fires when it has ended.
    let over = Signal()
    private let runner: DeliveryRunner
    private let workers: Int
    private let grace: Duration
    private let gatherTime: any TimeSource
    private let isRunning = Signal()
    private let stopping = Signal()
    private let released = Signal()
    private let status = Lock(Status())

    init(
        _ subscription: Subscription, of topic: Topic?, on broker: any MessageBroker, _ runner: DeliveryRunner,
        workers: Int, grace: Duration, gatherTime: any TimeSource = SystemTime.shared
    ) {
        self.subscription = subscription
        self.topic = topic
        self.broker = broker
        self.runner = runner
        self.workers = workers
        self.grace = grace
        self.gatherTime = gatherTime
        label = subscription.label
    }

    /// What is to be done before each try to subscribe.
    func prepare(_ preparation: @escaping @Sendable () async throws(BrokerError) -> Void) {
        status.withLock { $0.preparation = preparation }
    }

    /// How it is.
    public var state: State { status.withLock { $0.state } }

    /// Ends it: handlers in flight finish within the hub's grace period and are settled, the rest goes back at once.
    /// Returns when that is done; harmless when repeated. Not to be called from its own handler, which it waits for.
    public func cancel() async { await end(within: grace) }

    /// The same within this time.
    func end(within limit: Duration) async {
        let loop: SubscriberLoop? = status.withLock { status in
            if status.grace == nil { status.grace = limit }
            if case .waiting = status.state, status.loop == nil { status.state = .ended(nil) }
            return status.loop
        }
        stopping.fire()
        await loop?.stop()
        status.withLock { if $0.state == .live { $0.state = .ending } }
        if isRunning.isFired {
            await released.waitUncancelled()
        } else {
            settled.fire()
            over.fire()
        }
    }

    /// What stands wrong and waits for somebody; nil when nothing does.
    var alarm: String? { runner.failures.alarm ?? runner.deduplicator?.alarm }
    /// What stands before its handler.
    var breaker: HandlerBreaker? { runner.breaker }

    /// The broker has taken lanes away.
    func revoke() { status.withLock { $0.loop }?.revoke() }

    // MARK: Running, in a task of the hub

    /// Subscribes, works, and begins again after a pause, until it ends.
    func run() async {
        isRunning.fire()
        var last: BrokerError?
        while !stopping.isFired {
            guard let consumer = await subscribed(&last) else { break }
            let end = await work(consumer)
            if case .paused(let duration) = end {
                set(.paused)
                await stopping.wait(atMost: max(duration, .milliseconds(100)), on: runner.time)
            } else if case .ended(let error) = end {
                last = error.endReason == .reachedEnd ? nil : error
                break
            } else {
                break
            }
        }
        if stopping.isFired { last = nil }
        if let last { runner.observer.state(.error, "subscription ended", [("error", last.description)]) }
        set(.ended(last))
        settled.fire()
        released.fire()
    }

    /// A consumer; what may succeed later is repeated until it does.
    private func subscribed(_ last: inout BrokerError?) async -> (any MessageConsumer)? {
        var pause = Duration.milliseconds(250)
        while !stopping.isFired {
            do throws(BrokerError) {
                try await status.withLock { $0.preparation }?()
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

    private func work(_ consumer: any MessageConsumer) async -> SubscriberLoop.End {
        let loop = SubscriberLoop(consumer, runner, workers: workers, sweepTime: gatherTime)
        status.withLock { status in
            status.loop = loop
            status.state = .live
        }
        settled.fire()
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
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.stopping.wait(on: self.runner.time) }
            group.addTask { await loop.stopping.wait(on: self.runner.time) }
            group.addTask { await loop.done.wait(on: self.runner.time) }
            await group.next()
            group.cancelAll()
        }
        if stopping.isFired { await loop.stop() }
        let limit = status.withLock { $0.grace } ?? grace
        if await !loop.done.wait(atMost: limit, on: runner.time) {
            loop.interrupted.fire()
            if await !loop.done.wait(atMost: .seconds(1), on: SystemTime.shared) {
                runner.observer.state(.error, "handlers ignore their cancellation", [("grace", limit.optionText)])
            }
        }
        await loop.settler.consumer.cancel()
        status.withLock { $0.loop = nil }
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
