import Messaging
import MessagingReliability

/// The way of a publish to one destination. The order of its stages is fixed. Outermost first:
///
/// 1. Observe: `observer` sees one publish, whatever it took.
/// 2. Spool: a slot, in `finish`, for what is left and may be confirmed later.
/// 3. Circuit breaker: `circuit`, around `repeated`, so that it sees the outcome of all tries.
/// 4. Retry: `repeated`.
/// 5. Time-out: the deadline of each try is what is left of the whole; then the broker sends.
final class Publisher: Sendable {
    let broker: any MessageBroker
    let destination: Destination
    let retry: RetryPolicy
    /// How long a publish may take in all, from the call on, its repetitions included.
    let options: PublishOptions
    let acceptsDuplicates: Bool
    let time: any TimeSource
    let counters: HubCounters
    let observer: HubObserver
    let circuit: PublishCircuit?
    /// Whether publishes that go well are looked at, too.
    private let isWatched: Bool
    private let split: @Sendable (PublishFailure, [Message], Bool) -> HubPolicies.PublishSplit
    private let random: @Sendable () -> Double

    init(
        _ broker: any MessageBroker, _ destination: Destination, _ route: RouteConfiguration, time: any TimeSource,
        counters: HubCounters, observer: HubObserver, circuit: PublishCircuit? = nil,
        policies: HubPolicies = HubPolicies(),
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.broker = broker
        self.destination = destination
        retry = route.publishRetry
        options = PublishOptions(deadline: route.publishDeadline)
        acceptsDuplicates = route.acceptsDuplicates
        self.time = time
        self.counters = counters
        self.observer = observer
        self.circuit = circuit
        isWatched = observer.watchesSuccess || circuit != nil
        split = policies.publishRetry
        self.random = random
    }

    /// Whether a publish made anew may repeat what may have arrived: it does not know at which of two brokers that is.
    var repeatsTheUnknown: Bool { acceptsDuplicates && !(broker is FailoverBroker) }

    /// Publishes one message. On success nothing is allocated here, and the clock that is read is the cheap one.
    func publish(_ message: Message, _ options: PublishOptions) async throws(PublishFailure) -> PublishReceipt {
        if isWatched { return try await publish([message], options) }
        let mark = time.coarseUptime
        do throws(PublishFailure) {
            let receipt = try await broker.publish(message, to: destination, options: options)
            counters.publishedAlone(message, since: mark, on: time)
            return receipt
        } catch {
            let taken = time.coarseUptime - mark
            return try await finish([message], options, after: error, since: time.uptime - taken, nil)
        }
    }

    /// Publishes many, and answers for each. The receipt of a publish that had to be repeated has no positions.
    func publish(_ messages: [Message], _ options: PublishOptions) async throws(PublishFailure) -> PublishReceipt {
        if let tracer = observer.tracer { return try await publish(messages, options, tracedBy: tracer) }
        return try await send(messages, options)
    }

    /// The same below its span.
    func send(_ messages: [Message], _ options: PublishOptions) async throws(PublishFailure) -> PublishReceipt {
        let start = time.uptime
        let ticket = try admitted(messages, since: start)
        do throws(PublishFailure) {
            let receipt = try await broker.publish(messages, to: destination, options: options)
            if let ticket { circuit?.ended(ticket, [:], of: messages.count) }
            counters.published(messages, taken: time.uptime - start)
            if observer.watchesSuccess { observer.published(messages, failure: nil, since: start) }
            return receipt
        } catch {
            return try await finish(messages, options, after: error, since: start, ticket)
        }
    }

    /// What the publish ends with at its circuit breaker, if it has one; an open one refuses every message at once.
    private func admitted(
        _ messages: [Message], since start: Duration
    ) throws(PublishFailure) -> CircuitBreaker.Ticket? {
        guard let circuit else { return nil }
        do throws(BrokerError) { return try circuit.admitted() } catch {
            let failure = PublishFailure.refused(error, count: messages.count)
            counters.publishFailed.add(messages.count)
            observer.published(messages, failure: failure, since: start)
            throw failure
        }
    }

    private func finish(
        _ messages: [Message], _ options: PublishOptions, after failure: PublishFailure, since start: Duration,
        _ ticket: CircuitBreaker.Ticket?
    ) async throws(PublishFailure) -> PublishReceipt {
        let left = await repeated(messages, options, after: failure, since: start)
        if let ticket { circuit?.ended(ticket, left, of: messages.count) }
        counters.published(messages, but: left, taken: time.uptime - start)
        let result = left.isEmpty ? nil : PublishFailure(left, of: messages.count)
        observer.published(messages, failure: result, since: start)
        if let result { throw result }
        return PublishReceipt()
    }

    /// Publishes what failed until it is confirmed, final, out of tries or out of time; the outcomes that are left.
    private func repeated(
        _ messages: [Message], _ options: PublishOptions, after failure: PublishFailure, since start: Duration
    ) async -> [Int: PublishFailure.Outcome] {
        var (failure, indices, run) = (failure.answering(messages.count), Array(messages.indices), 1)
        var (final, doubts): ([Int: PublishFailure.Outcome], [Int: PublishFailure.Outcome]) = ([:], [:])
        // What may have arrived once stays so.
        func told(_ outcome: PublishFailure.Outcome, of index: Int) -> PublishFailure.Outcome {
            doubts[index] == nil ? outcome : .unknown(outcome.error)
        }
        while true {
            for case (let number, let outcome) in failure.outcomes where outcome.isUnknown {
                doubts[indices[number]] = outcome
            }
            let batch = indices.map { messages[$0] }
            let split = split(failure, batch, acceptsDuplicates)
            for (index, outcome) in split.final { final[indices[index]] = told(outcome, of: indices[index]) }
            if split.again.isEmpty { return final }
            let left = options.deadline - (time.uptime - start)
            if let delay = retry.delay(afterRun: run, random: random()), delay < left, await slept(delay) {
                counters.publishRetried.add(split.again.count)
            } else {
                for index in split.again {
                    final[indices[index]] = failure.outcomes[index].map { told($0, of: indices[index]) }
                }
                return final
            }
            indices = split.again.map { indices[$0] }
            run += 1
            var again = options
            again.deadline = max(.zero, options.deadline - (time.uptime - start))
            do throws(PublishFailure) {
                let before = indices.map { doubts[$0] }
                try await publishAgain(indices.map { messages[$0] }, before, again)
                return final
            } catch {
                failure = error.answering(indices.count)
            }
        }
    }

    /// Of two brokers only that one gets again what may have arrived, where it may be. `before`: what is known of that.
    private func publishAgain(
        _ messages: [Message], _ before: [PublishFailure.Outcome?], _ options: PublishOptions
    ) async throws(PublishFailure) {
        guard let pair = broker as? FailoverBroker else {
            try await broker.publish(messages, to: destination, options: options)
            return
        }
        try await pair.publish(messages, after: before, to: destination, options: options)
    }

    /// False when the task was cancelled meanwhile.
    private func slept(_ delay: Duration) async -> Bool {
        do { try await time.sleep(for: delay) } catch { return false }
        return true
    }
}
