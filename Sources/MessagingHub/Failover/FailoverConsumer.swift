import Messaging

/// A consumer of both brokers of a `FailoverBroker`. Its receipts are its own: they say which of the two they belong to.
final class FailoverConsumer: MessageConsumer {
    private struct Held: Sendable {
        let consumer: any MessageConsumer
        let receipt: Receipt
    }

    private struct State: Sendable {
        var consumers: [(any MessageConsumer)?] = [nil, nil]
        var ended: [BrokerError?] = [nil, nil]
        var held: [Receipt: Held] = [:]
        var surplus: [Delivery] = []
        var count: UInt64 = 0
        var end: BrokerError?

        /// Why there is no more: the first one has lost what it receives from, or both have come to their ends. That the
        /// second has lost it, its broker reports.
        var final: BrokerError? {
            if let first = ended[0], first.endReason != .reachedEnd { return first }
            return ended.allSatisfy { $0 != nil } ? ended[0] : nil
        }

        /// One of the two gives no more; what it has handed out can still be settled.
        mutating func lose(_ number: Int, _ error: BrokerError) {
            consumers[number] = nil
            ended[number] = error
        }
    }

    private let broker: FailoverBroker
    private let subscription: Subscription
    private let state = Lock(State())

    init(_ subscription: Subscription, of broker: FailoverBroker) {
        self.broker = broker
        self.subscription = subscription
    }

    private var sides: [FailoverSide] { [broker.primary, broker.fallback] }

    /// Subscribes where that has not been done yet, waiting for so long for a broker; what one refuses, or the first error
    /// when there is no consumer at all.
    func problemOfBoth(within limit: Duration?) async -> BrokerError? {
        var (problems, refusal): ([BrokerError], BrokerError?) = ([], nil)
        for (number, side) in sides.enumerated() {
            if state.withLock({ $0.consumers[number] != nil || $0.ended[number] != nil }) { continue }
            if let problem = await broker.problem(with: side, within: limit) ?? side.refusal(of: subscription) {
                problems.append(problem)
                continue
            }
            do throws(BrokerError) {
                let consumer = try await side.broker.subscribe(subscription)
                state.withLock { if $0.end == nil { $0.consumers[number] = consumer } }
            } catch {
                problems.append(error)
                // One that refuses us is of no use later either.
                if error.isRetryable || error.code == .cancelled { continue }
                refusal = refusal ?? error
                state.withLock { $0.ended[number] = error }
            }
        }
        if let refusal { return refusal }
        return state.withLock { $0.consumers.contains { $0 != nil } } ? nil : problems.first
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let end = broker.time.deadline(after: wait)
        while true {
            if let ended = state.withLock({ $0.end }) { throw ended }
            let kept = state.withLock { state in
                let kept = Array(state.surplus.prefix(max(0, limit)))
                state.surplus.removeFirst(kept.count)
                return kept
            }
            if !kept.isEmpty { return kept }
            let problem = await problemOfBoth(within: .zero)
            let (consumers, endings, ended) = state.withLock { ($0.consumers, $0.ended, $0.end ?? $0.final) }
            if let ended { throw ended.asEnd }
            let rest = max(.zero, end - broker.time.uptime)
            // A broker that is away is looked for again once an interval.
            let isAway = zip(consumers, endings).contains { $0 == nil && $1 == nil }
            let slice = isAway ? min(rest, broker.interval) : rest
            if problem != nil && !consumers.contains(where: { $0 != nil }) {
                do { try await broker.time.sleep(for: slice) } catch {
                    throw BrokerError(.cancelled, "receive was cancelled", during: .receive)
                }
            } else {
                try await collect(consumers, limit, slice)
            }
            let isOver = state.withLock { $0.surplus.isEmpty } && broker.time.uptime >= end
            if isOver { return [] }
        }
    }

    /// Receives from both at once until one has something, and keeps what came.
    private func collect(
        _ consumers: [(any MessageConsumer)?], _ limit: Int, _ wait: Duration
    ) async throws(BrokerError) {
        var failure: BrokerError?
        await withTaskGroup(of: Answer.self) { group in
            for (number, consumer) in consumers.enumerated() {
                guard let consumer else { continue }
                group.addTask { await Answer(of: consumer, number, limit, wait) }
            }
            for await answer in group {
                switch answer.result {
                case .success(let deliveries): hold(deliveries, of: answer.consumer)
                case .failure(let error) where error.code == .ended: state.withLock { $0.lose(answer.number, error) }
                case .failure(let error) where error.code == .cancelled && !Task.isCancelled: break
                case .failure(let error): failure = error
                }
                group.cancelAll()
            }
        }
        if let failure, state.withLock({ $0.surplus.isEmpty }) { throw failure }
    }

    /// What a receive of one of the two came to.
    ///
    /// With a tuple that a closure makes after the wait, Swift 6.3.1 returns another number than the closure has captured,
    /// when it optimises.
    private struct Answer: Sendable {
        let consumer: any MessageConsumer
        let number: Int
        let result: Result<[Delivery], BrokerError>

        init(of consumer: any MessageConsumer, _ number: Int, _ limit: Int, _ wait: Duration) async {
            self.consumer = consumer
            self.number = number
            do throws(BrokerError) {
                result = .success(try await consumer.receive(upTo: limit, within: wait))
            } catch {
                result = .failure(error)
            }
        }
    }

    private func hold(_ deliveries: [Delivery], of consumer: any MessageConsumer) {
        if deliveries.isEmpty { return }
        state.withLock { state in
            if state.held.count > 4 * max(64, subscription.window) {
                state.held = state.held.filter { $0.value.consumer.holds($0.value.receipt) }
            }
            for var delivery in deliveries {
                state.count += 1
                let own = Receipt(sequence: state.count)
                state.held[own] = Held(consumer: consumer, receipt: delivery.receipt)
                delivery.receipt = own
                state.surplus.append(delivery)
            }
        }
    }

    func holds(_ receipt: Receipt) -> Bool {
        let held = state.withLock { $0.held[receipt] }
        return held.map { $0.consumer.holds($0.receipt) } ?? false
    }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        var outcomes: [SettlementOutcome] = []
        for settlement in settlements { outcomes.append(await settle(settlement.receipt, as: settlement.settlement)) }
        return outcomes
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        guard let held = state.withLock({ $0.held[receipt] }) else { return .stale }
        let outcome = await held.consumer.settle(held.receipt, as: settlement)
        if case .failed = outcome { return outcome }
        state.withLock { $0.held[receipt] = nil }
        return outcome
    }

    func stop() async {
        for consumer in await end(.ended(.stopped, "the consumer was stopped")) { await consumer.stop() }
    }

    func cancel() async {
        for consumer in await end(.ended(.cancelled, "the consumer was cancelled")) { await consumer.cancel() }
    }

    /// There is to be no more: what came and nobody has received goes back.
    private func end(_ error: BrokerError) async -> [any MessageConsumer] {
        let (consumers, surplus) = state.withLock { state in
            if state.end == nil { state.end = error }
            defer { state.surplus = [] }
            return (state.consumers.compactMap { $0 }, state.surplus)
        }
        for delivery in surplus { _ = await settle(delivery.receipt, as: .release) }
        return consumers
    }
}

extension FailoverSide {
    /// Why there is nothing to receive from; nil for a pattern, which may match others.
    fileprivate func refusal(of subscription: Subscription) -> BrokerError? {
        guard case .destination(let destination) = subscription.source else { return nil }
        return refusal(of: destination)
    }
}

extension BrokerError {
    /// The same, said by a consumer that is there.
    fileprivate var asEnd: BrokerError {
        if code == .ended { return self }
        return .ended(code == .unauthorized ? .unauthorized : .broker, sentence)
    }
}
