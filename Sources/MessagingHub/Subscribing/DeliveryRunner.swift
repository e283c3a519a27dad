import Messaging
import MessagingReliability

/// The way of one delivery. The order of its stages is fixed: no configuration can bring it into one that loses
/// messages, and what a program adds stands inside of them all, around its handler. Outermost first:
///
/// 1. Observe: `observer` sees the begin of each run, its end, and what becomes of the message.
/// 2. Circuit breaker: `breaker`, before a run; open, it keeps what is held waiting.
/// 3. Dead letter: `carryOut`, once the runs are used up or none can help.
/// 4. Retry: the loop of `runCarefully`, or the broker, which hands it out again; `allowance` bounds both.
/// 5. Deduplicate: `deduplicator`, around each run, inside of the retries, so that a failed run leaves no mark that would
///    make its repetition a duplicate.
/// 6. Time-out: `attempt`, for each run anew; around the handler alone, with what spans and middlewares stand around it.
///
/// It lives as long as its subscription, across pauses.
final class DeliveryRunner: Sendable {
    /// What a program runs for each delivery.
    enum Handler: Sendable {
        case plain(@Sendable (Delivery) async throws -> Void)
        case forwarding(@Sendable (Delivery) async throws -> [ForwardedMessage])
    }

    let policy: FailurePolicy
    /// How a dead letter is sent, and its original accepted.
    let sendDeadLetter: @Sendable (DeadLetterSteps) async -> SettlementOutcome
    let failures = FailureMemory()
    let timeout: Timeout?
    let time: any TimeSource
    let counters: HubCounters
    let observer: HubObserver
    let handle: Handler
    let destinations: DeliveryDestinations
    let breaker: HandlerBreaker?
    let allowance: RetryAllowance?
    let deduplicator: Deduplicator?
    /// What tells a requester that its request was given up; nil where the handler answers none.
    let responder: Responder?
    /// Where the program takes each delivery before its run begins; nil where a handler waits for all of them.
    let handover: DeliveryHandover?
    /// What decides instead of the policy; nil: nothing.
    private let instead: (any FailureDeciding)?
    private let random: @Sendable () -> Double
    private let isWatched: Bool

    init(
        _ handle: Handler, _ policy: FailurePolicy, timeout: Timeout?, destinations: DeliveryDestinations,
        time: any TimeSource, counters: HubCounters, observer: HubObserver, breaker: HandlerBreaker? = nil,
        allowance: RetryAllowance? = nil, deduplicator: Deduplicator? = nil, responder: Responder? = nil,
        handover: DeliveryHandover? = nil, policies: HubPolicies = HubPolicies(),
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.handle = handle
        self.policy = policy
        instead = policies.failures?(policy)
        sendDeadLetter = policies.deadLetter
        self.timeout = timeout
        self.destinations = destinations
        self.time = time
        self.counters = counters
        self.observer = observer
        self.breaker = breaker
        self.allowance = allowance
        self.deduplicator = deduplicator
        self.responder = responder
        self.handover = handover
        self.random = random
        isWatched =
            observer.watchesSuccess || timeout != nil || breaker != nil || deduplicator != nil || handover != nil
    }

    /// Runs the handler. A first attempt that goes well, with nothing remembered and nobody watching, costs the call.
    /// `handle` is the runner's own, which its caller reads once.
    func run(
        _ delivery: Delivery, by handle: Handler, on slot: WorkerSlot, in loop: SubscriberLoop
    ) async -> Verdict {
        if isWatched || delivery.attempt > 1 || !failures.isEmpty {
            return await runCarefully(delivery, nil, slot, loop)
        }
        do {
            switch handle {
            case .plain(let handle):
                try await handle(delivery)
                return .accept
            case .forwarding(let handle):
                let forwarded = try await handle(delivery)
                return forwarded.isEmpty ? .accept : await runCarefully(delivery, .returned(forwarded), slot, loop)
            }
        } catch {
            let end = RunEnd.of(error, isStruck: false, isInterrupted: Task.isCancelled, limit: nil)
            return await runCarefully(delivery, end, slot, loop)
        }
    }

    /// Runs the handler, again and again where order is kept, until something is decided. `end` is how a run ended that
    /// has been made already.
    func runCarefully(
        _ delivery: Delivery, _ end: RunEnd?, _ slot: WorkerSlot, _ loop: SubscriberLoop
    ) async -> Verdict {
        var (end, shown, goesOn) = (end, delivery, false)
        defer { if !goesOn { handover?.ended(delivery.receipt) } }
        var ticket: CircuitBreaker.Ticket?
        while true {
            let known = failures[.init(delivery)]
            shown.attempt = Int32(clamping: policy.run(ofAttempt: Int(delivery.attempt), lastFailedRun: known?.run))
            if end == nil {
                if let verdict = await admit(shown, arrived: delivery.attempt, known, loop) { return verdict }
                if let verdict = await handover?.offer(shown, to: loop) { return verdict }
                if let breaker {
                    switch await breaker.admit(shown.receipt, receivedAt: slot.receivedAt, in: loop) {
                    case .run(let granted): ticket = granted
                    case .instead(let verdict): return verdict
                    }
                }
                if let verdict = await deduplicator?.enter(shown, loop) {
                    breaker?.ended(ticket, .interrupted)
                    return verdict
                }
                observer.received(shown)
            }
            let start = time.uptime
            let (outcome, isStruck) = if let end { (end, false) } else { await attempt(shown, slot) }
            if isStruck {
                breaker?.ended(ticket, .timedOut)
                goesOn = true
                return .struck(outcome)
            }
            end = nil
            if case .paused(let wait) = outcome {
                breaker?.ended(ticket, .interrupted)
                handover?.note(shown.receipt, .interrupted)
                await deduplicator?.leave(shown.receipt, succeeded: false)
                return .pause(wait)
            }
            let (result, sentence) = await finished(outcome, shown, loop)
            breaker?.ended(ticket, result)
            handover?.note(shown.receipt, result)
            await deduplicator?.leave(shown.receipt, succeeded: result == .finished && sentence != "stale")
            if result == .finished { return succeeded(shown, taken: time.uptime - start, sentence) }
            let now = time.now
            let failure = Failure(sentence, at: now, first: known?.failure.firstTime)
            let decision = decision(after: result, shown)
            if result != .interrupted {
                counters.failed.add(1)
                observer.failed(shown, failure, decision, taken: time.uptime - start)
            }
            if case .runAgain(let delay) = decision {
                remember(shown, failure, wait: delay)
                counters.retried.add(1)
                handover?.ended(shown.receipt)
                continue
            }
            return await carryOut(decision, shown, failure, loop)
        }
    }

    /// What decides when a run has failed.
    private var deciding: any FailureDeciding { instead ?? policy }

    /// What the policy says of a run, unless that is a retry and there are no more of them for now.
    private func decision(after result: RunResult, _ shown: Delivery) -> RunDecision {
        let type = shown.message.type
        let decision = deciding.decision(after: result, run: Int(shown.attempt), type: type, random: random())
        guard let allowance else { return decision }
        switch decision {
        case .retry, .runAgain: return allowance.spend() ? decision : deciding.decisionOverBudget(type: type)
        case .accept, .release, .deadLetter, .discard, .drop, .keep, .pause: return decision
        }
    }

    /// Before a run: what kills its processes is given up, what failed a moment ago waits, what is not held is left.
    private func admit(
        _ shown: Delivery, arrived attempt: Int32, _ known: FailureMemory.Record?, _ loop: SubscriberLoop
    ) async -> Verdict? {
        let type = shown.message.type
        // A first attempt is above no limit.
        if attempt > 1,
            let refusal = deciding.refusal(ofAttempt: Int(attempt), type: type, hasFailedHere: known != nil)
        {
            return await carryOut(refusal, shown, nil, loop)
        }
        if let known, known.notBefore > time.uptime {
            if await loop.stopping.wait(until: known.notBefore, on: time) || Task.isCancelled { return .leave }
        }
        return loop.settler.consumer.holds(shown.receipt) ? nil : .settle(.release)
    }

    private func attempt(_ shown: Delivery, _ slot: WorkerSlot) async -> (RunEnd, isStruck: Bool) {
        if timeout != nil { slot.begin(at: time.uptime) }
        do {
            var forwarded: [ForwardedMessage] = []
            switch handle {
            case .plain(let handle): try await handle(shown)
            case .forwarding(let handle): forwarded = try await handle(shown)
            }
            return (.returned(forwarded), timeout != nil && slot.end())
        } catch {
            let isStruck = timeout != nil && slot.end()
            let isInterrupted = Task.isCancelled || handover?.isAbandoned(shown.receipt) == true
            let limit = timeout?.limit
            return (RunEnd.of(error, isStruck: isStruck, isInterrupted: isInterrupted, limit: limit), isStruck)
        }
    }

    /// What a run has come to once what it sends on is sent; the text is `settled` where that settled it,
    /// and `stale` where it was not held any more.
    private func finished(_ end: RunEnd, _ shown: Delivery, _ loop: SubscriberLoop) async -> (RunResult, String) {
        switch end {
        case .failed(let result, let sentence): return (result, sentence)
        case .paused: return (.interrupted, "")
        case .returned(let forwarded):
            if forwarded.isEmpty { return (.finished, "") }
            do {
                let outgoing = try await destinations.send(forwarded)
                if outgoing.isEmpty { return (.finished, "") }
                switch await loop.settler.settleNow(shown.receipt, .forward(outgoing)) {
                case .settled: return (.finished, "settled")
                case .stale: return (.finished, "stale")
                case .failed(let error): return (RunEnd.result(of: error), error.description)
                }
            } catch {
                let end = RunEnd.of(error, isStruck: false, isInterrupted: Task.isCancelled, limit: nil)
                guard case .failed(let result, let sentence) = end else { return (.failed, "") }
                return (result, sentence)
            }
        }
    }

    private func succeeded(_ shown: Delivery, taken: Duration, _ note: String) -> Verdict {
        failures.forget(.init(shown))
        if observer.watchesSuccess { observer.handled(shown, taken: taken) }
        if note.isEmpty { return .accept }
        if note == "settled" { counters.handled.add(1) }
        return .done
    }

    /// Remembers a failed run; true when that raises the alarm.
    @discardableResult func remember(
        _ shown: Delivery, _ failure: Failure, wait: Duration, kept: String? = nil
    ) -> Bool {
        let record = FailureMemory.Record(
            run: Int(shown.attempt), failure: failure, notBefore: time.deadline(after: wait), kept: kept)
        return failures.remember(.init(shown), record)
    }
}
