import Messaging
import MessagingReliability

/// The circuit breaker of a subscription's handler.
///
/// Open, nothing is received, and what is held waits unstarted: no attempt is charged for it, and it is not given back to
/// make the breaker close. Only where nine tenths of `maxHold` have passed since it was received, the subscription pauses:
/// everything goes back uncounted, and it begins again when the breaker lets a run through.
final class HandlerBreaker: Sendable {
    /// What a delivery may do.
    enum Step: Sendable {
        /// Run, and end with this.
        case run(CircuitBreaker.Ticket)
        /// This instead.
        case instead(Verdict)
    }

    private struct Waiters: Sendable {
        var count = 0
        var waiting: [Int: Waiter<Void>] = [:]
        var hasPaused = false
    }

    let circuit: CircuitBreaker
    private let patience: Duration?
    private let time: any TimeSource
    private let observer: HubObserver
    private let waiters = Lock(Waiters())

    /// `maxHold`: how long a delivery may be held; nil where nothing is.
    init(_ circuit: CircuitBreaker, maxHold: Duration?, time: any TimeSource, observer: HubObserver) {
        self.circuit = circuit
        patience = maxHold.map { $0 * 9 / 10 }
        self.time = time
        self.observer = observer
    }

    /// Whatever waits here looks again: the subscription stops, or lanes were taken away.
    func wake() {
        let woken: [Waiter<Void>] = waiters.withLock { waiters in
            if waiters.waiting.isEmpty { return [] }
            defer { waiters.waiting = [:] }
            return Array(waiters.waiting.values)
        }
        for waiter in woken { waiter.resolve(()) }
    }

    // MARK: Runs

    /// Waits until a delivery may run that was received then, or something else is to be done with it.
    func admit(_ receipt: Receipt, receivedAt start: Duration, in loop: SubscriberLoop) async -> Step {
        if case .granted(let ticket) = circuit.admit() { return .run(ticket) }
        while true {
            let (number, waiter) = enter()
            defer { leave(number) }
            if loop.stopping.isFired || Task.isCancelled { return .instead(.leave) }
            guard loop.settler.consumer.holds(receipt) else { return .instead(.settle(.release)) }
            switch circuit.admit() {
            case .granted(let ticket): return .run(ticket)
            case .refused(let until):
                let limit = patience.map { start + $0 }
                if let limit, limit <= time.uptime { return .instead(pause(until: until)) }
                await wait(waiter, until: [until, limit].compactMap { $0 }.min())
            }
        }
    }

    /// A run has ended so.
    func ended(_ ticket: CircuitBreaker.Ticket?, _ result: RunResult) {
        guard let ticket else { return }
        if circuit.ended(ticket, Self.result(of: result)) { wake() }
    }

    /// What a run says of its handler. A message that it rejects, or cannot read, says nothing of the others, and no more
    /// does a run that a shutdown ended.
    static func result(of run: RunResult) -> CircuitBreaker.Result {
        switch run {
        case .finished: .success
        case .failed, .timedOut: .failure
        case .rejected, .undecodable, .interrupted: .ignored
        }
    }

    private func pause(until moment: Duration?) -> Verdict {
        let isFirst = waiters.withLock { waiters in
            defer { waiters.hasPaused = true }
            return !waiters.hasPaused
        }
        let wait = moment.map { max(.zero, $0 - time.uptime) } ?? .zero
        if isFirst {
            let why = "its circuit is open, and what is held comes near max-hold"
            observer.state(.warning, "subscription paused", [("why", why), ("duration", wait.optionText)])
        }
        return .pause(wait)
    }

    // MARK: Receiving

    /// Receives as much as may run, once something may. A receive that waits when the breaker opens is ended.
    ///
    /// Not inlined: whoever receives without a breaker, and waits, would keep room for what this needs.
    @inline(never) func receive(
        from consumer: any MessageConsumer, upTo limit: Int, within wait: Duration, unless stopping: Signal
    ) async throws(BrokerError) -> [Delivery] {
        let end = time.deadline(after: wait)
        while !Task.isCancelled {
            let most = await room(upTo: limit, unless: stopping)
            let left = max(.zero, end - time.uptime)
            switch await race(consumer, upTo: max(1, most), within: left) {
            case .success(let deliveries): return deliveries
            case .failure(let error):
                if error.code != .cancelled { throw error }
            }
        }
        throw BrokerError(.cancelled, "cancelled", during: .receive)
    }

    /// Waits until a run would be let through; how many are, at most so many.
    private func room(upTo limit: Int, unless stopping: Signal) async -> Int {
        while true {
            let (number, waiter) = enter()
            defer { leave(number) }
            let (calls, until) = circuit.room
            if calls == .max { waiters.withLock { $0.hasPaused = false } }
            if calls > 0 || stopping.isFired || Task.isCancelled { return min(limit, calls) }
            await wait(waiter, until: until)
        }
    }

    /// A receive that is cancelled when the breaker opens.
    private func race(
        _ consumer: any MessageConsumer, upTo limit: Int, within wait: Duration
    ) async -> Result<[Delivery], BrokerError> {
        await withTaskGroup(of: Result<[Delivery], BrokerError>?.self) { group in
            group.addTask {
                do throws(BrokerError) {
                    return .success(try await consumer.receive(upTo: limit, within: wait))
                } catch { return .failure(error) }
            }
            group.addTask {
                await self.opened()
                return nil
            }
            var received: Result<[Delivery], BrokerError>?
            for await result in group {
                received = received ?? result
                group.cancelAll()
            }
            return received ?? .success([])
        }
    }

    /// Returns when the breaker is open, or the task is cancelled.
    private func opened() async {
        while true {
            let (number, waiter) = enter()
            defer { leave(number) }
            if Task.isCancelled || circuit.room.calls == 0 && circuit.state == .open { return }
            await wait(waiter, until: nil)
        }
    }

    // MARK: Waiting

    private func enter() -> (number: Int, waiter: Waiter<Void>) {
        let waiter = Waiter<Void>()
        return waiters.withLock { waiters in
            waiters.count &+= 1
            waiters.waiting[waiters.count] = waiter
            return (waiters.count, waiter)
        }
    }

    private func leave(_ number: Int) { waiters.withLock { $0.waiting[number] = nil } }

    private func wait(_ waiter: Waiter<Void>, until moment: Duration?) async {
        if let moment { _ = await waiter.wait(until: moment, on: time) } else { _ = await waiter.wait(on: time) }
    }
}
