import Messaging
import MessagingReliability

/// Where the workers of a subscription offer what they hold, and a program takes it when it is ready. It stands before
/// every policy of a run: what waits here has not begun.
///
/// It holds one delivery for each worker at most.
final class DeliveryHandover: Sendable {
    private struct State: Sendable {
        /// What nobody has taken.
        var queue: [DeliveryOffer] = []
        /// What nobody has handled.
        var pending: [Receipt: DeliveryOffer] = [:]
        /// What is handled, and how its run ended.
        var running: [Receipt: (offer: DeliveryOffer, result: RunResult?)] = [:]
        var takers: [Waiter<Void>] = []
        var end: Result<Void, BrokerError>?
    }

    private let counters: HubCounters
    private let time: any TimeSource
    private let state = Lock(State())

    init(counters: HubCounters, time: any TimeSource) {
        self.counters = counters
        self.time = time
    }

    // MARK: The worker's side

    /// Offers a delivery; nil when its run may begin, else what becomes of it instead.
    func offer(_ delivery: Delivery, to loop: SubscriberLoop) async -> Verdict? {
        let offer = DeliveryOffer(delivery)
        let takers = state.withLock { state in
            state.pending[delivery.receipt] = offer
            if state.end == nil { state.queue.append(offer) }
            defer { state.takers = [] }
            return state.takers
        }
        for taker in takers { taker.resolve(()) }
        // Whoever stops the loop afterwards gives back what is found here.
        if loop.stopping.isFired { offer.giveBack() }
        let isHandled = await offer.isHandled(on: time)
        state.withLock { state in
            state.queue.removeAll { $0 === offer }
            state.pending[delivery.receipt] = nil
            if isHandled { state.running[delivery.receipt] = (offer, nil) }
        }
        if isHandled, loop.settler.consumer.holds(delivery.receipt) { return nil }
        counters.released.add(1)
        return .settle(.release)
    }

    /// The handler of the subscription: runs that of whoever took the delivery.
    func run(_ delivery: Delivery) async throws {
        let found = state.withLock { $0.running[delivery.receipt]?.offer }
        guard let offer = found else {
            let sentence = "message \(delivery.message.id) has not the receipt that it was received with"
            throw BrokerError(.invalidArgument, "\(sentence); a middleware is to leave it as it is")
        }
        guard let handler = offer.start() else { throw CancellationError() }
        let result = await withTaskGroup(of: Result<Void, any Error>?.self) { group in
            group.addTask {
                do { return .success(try await handler(delivery)) } catch { return .failure(error) }
            }
            group.addTask { [time] in
                await offer.abandoned.wait(on: time)
                return nil
            }
            var result: Result<Void, any Error>?
            for await ended in group {
                result = result ?? ended
                group.cancelAll()
            }
            return result
        }
        try result?.get()
    }

    /// Whether whoever handles this delivery was cancelled.
    func isAbandoned(_ receipt: Receipt) -> Bool {
        state.withLock { $0.running[receipt]?.offer }?.isAbandoned == true
    }

    /// A run has ended so.
    func note(_ receipt: Receipt, _ result: RunResult) {
        state.withLock { $0.running[receipt]?.result = result }
    }

    /// What follows from a run is done.
    func ended(_ receipt: Receipt) {
        guard let run = state.withLock({ $0.running.removeValue(forKey: receipt) }) else { return }
        run.offer.conclusion.resolve(run.result)
    }

    /// Gives back what nobody has handled, where this says so: when the loop stops, or lanes were taken away.
    func giveBack(where isLost: (Receipt) -> Bool) {
        let (offers, isClosed) = state.withLock { ($0.pending, $0.end != nil) }
        for (receipt, offer) in offers where isLost(receipt) { offer.giveBack(forGood: isClosed) }
    }

    // MARK: The program's side

    /// The next delivery; nil when there will be none. Throws what the subscription ended with.
    func next() async throws -> PendingDelivery? {
        while true {
            try Task.checkCancellation()
            let waiter = Waiter<Void>()
            let (offer, end) = state.withLock { state -> (DeliveryOffer?, Result<Void, BrokerError>?) in
                if let end = state.end { return (nil, end) }
                if !state.queue.isEmpty { return (state.queue.removeFirst(), nil) }
                state.takers.append(waiter)
                return (nil, nil)
            }
            if let offer { return PendingDelivery(offer) }
            if let end {
                try end.get()
                return nil
            }
            _ = await waiter.wait(on: time)
            state.withLock { $0.takers.removeAll { $0 === waiter } }
        }
    }

    /// Nothing is handed out any more; the first reason counts. What nobody has handled stays held until the loop stops:
    /// given back before, it would only be received again.
    func close(_ error: BrokerError?) {
        let takers = state.withLock { state in
            if state.end == nil { state.end = error.map { .failure($0) } ?? .success(()) }
            defer { (state.queue, state.takers) = ([], []) }
            return state.takers
        }
        for taker in takers { taker.resolve(()) }
    }
}
