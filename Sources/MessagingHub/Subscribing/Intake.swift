import Messaging

/// Hands batches of deliveries to workers: one of them receives at a time, the others work or wait.
protocol Intake: Sendable {
    /// The next batch for a worker that has used up its own; nil when there will be none: the consumer has ended, or
    /// this worker's task was cancelled.
    func next(for worker: Int) async -> Batch?
    /// Takes out what no worker has claimed and the consumer does not hold any more.
    func withdraw() -> [Delivery]
    /// Whether one worker is left to work alone because that has gone quickly so far; then somebody must call `review`
    /// from time to time.
    var isBrisk: Bool { get }
    /// Wakes others where the one that works alone got stuck.
    func review()
    /// A worker leaves for good: another goes on in its place.
    func leave(_ worker: Int)
}

extension Intake {
    var isBrisk: Bool { false }
    func review() {}
    func leave(_ worker: Int) {}
}

/// One worker's turn at receiving: it waits for deliveries, and tells an ended consumer from a cancelled task and from
/// a wait that passed without a message.
struct Reception: Sendable {
    enum Outcome: Sendable {
        case deliveries([Delivery])
        /// None came for as long as `rest`.
        case none
        case cancelled
        case ended
    }

    /// How long a receive waits before it is repeated.
    static let wait = Duration.seconds(30)
    /// How many deliveries a receive asks for at most.
    static let most = 128

    let consumer: any MessageConsumer
    let time: any TimeSource
    /// Told how many deliveries arrived.
    let counted: @Sendable (Int) -> Void
    /// Told why the consumer has ended.
    let ended: @Sendable (BrokerError) -> Void
    /// Begins a worker that has not begun.
    var begin: @Sendable (Int) -> Void = { _ in }
    /// How long it waits before it says that there is nothing; nil: for ever.
    var rest: Duration?
    /// Asked when there is nothing to receive and no worker works: whether the loop ends, so that nobody is kept for nothing.
    var rests: @Sendable () -> Bool = { false }
    /// What stops receiving while it is open, until the loop stops.
    var breaker: HandlerBreaker?
    var stopping = Signal()

    /// Receives until there is a delivery, or no more. An error that a backend should have waited through is waited
    /// through here; empty answers that come too early are slowed down, so that neither becomes a busy loop.
    func receive(upTo limit: Int) async -> Outcome {
        var pause = Duration.milliseconds(1)
        let wait = min(rest ?? Self.wait, Self.wait)
        while !Task.isCancelled {
            let start = time.uptime
            do throws(BrokerError) {
                let deliveries = try await take(upTo: limit, within: wait)
                if !deliveries.isEmpty {
                    counted(deliveries.count)
                    return .deliveries(deliveries)
                }
                if time.uptime - start >= wait {
                    if rest != nil { return .none }
                    continue
                }
            } catch {
                if error.code == .cancelled { return .cancelled }
                if error.code == .ended || !error.isRetryable {
                    ended(error)
                    return .ended
                }
            }
            do { try await time.sleep(for: pause) } catch { return .cancelled }
            pause = min(pause * 2, .seconds(2))
        }
        return .cancelled
    }

    private func take(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        guard let breaker else { return try await consumer.receive(upTo: limit, within: wait) }
        return try await breaker.receive(from: consumer, upTo: limit, within: wait, unless: stopping)
    }
}
