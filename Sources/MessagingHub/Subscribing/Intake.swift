import Messaging

/// Hands batches of deliveries to workers: one of them receives at a time, the others work or wait.
protocol Intake: Sendable {
    /// The next batch for a worker that has used up its own; nil when there will be none: the consumer has ended, or
    /// this worker's task was cancelled.
    func next(for worker: Int) async -> Batch?
    /// Takes out what no worker has claimed and the consumer does not hold any more.
    func withdraw() -> [Delivery]
    /// A worker leaves for good: another goes on in its place.
    func leave(_ worker: Int)
}

extension Intake {
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

        /// Takes the deliveries out, so that nobody else has them; nil where it has come to something else.
        mutating func takeDeliveries() -> [Delivery]? {
            guard case .deliveries(let deliveries) = self else { return nil }
            self = .deliveries([])
            return deliveries
        }
    }

    /// What the loop does for its intake.
    final class Loop: Sendable {
        /// Begins a worker that has not begun.
        let begin: @Sendable (Int) -> Void
        /// How long a receive waits before it says that there is nothing; nil: for ever.
        let rest: Duration?
        /// Asked when there is nothing to receive and no worker works: whether the loop ends, so that nobody is kept for
        /// nothing.
        let rests: @Sendable () -> Bool

        init(
            begin: @escaping @Sendable (Int) -> Void, rest: Duration?, rests: @escaping @Sendable () -> Bool
        ) {
            self.begin = begin
            self.rest = rest
            self.rests = rests
        }
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
    /// The loop that it is for; nil where there is none yet.
    var loop: Loop?
    /// What stops receiving while it is open, until the loop stops.
    var breaker: HandlerBreaker?
    var stopping = Signal()

    /// Receives until there is a delivery, or no more. An error that a backend should have waited through is waited
    /// through here; empty answers that come too early are slowed down, so that neither becomes a busy loop.
    func receive(upTo limit: Int) async -> Outcome {
        var pauses = 0
        while !Task.isCancelled {
            let end = time.uptime + wait
            do throws(BrokerError) {
                let deliveries = try await take(upTo: limit, within: wait)
                let isOver = time.uptime >= end
                if let outcome = outcome(of: deliveries, isOver: isOver) { return outcome }
                if isOver { continue }
            } catch {
                if let outcome = outcome(of: error) { return outcome }
            }
            guard await pause(after: pauses) else { return .cancelled }
            pauses += 1
        }
        return .cancelled
    }

    // What does not wait itself, and what seldom does, is apart and not inlined: a receive that waits, as those of most
    // subscriptions do, keeps no room for it.

    private var wait: Duration { min(loop?.rest ?? Self.wait, Self.wait) }

    /// What an answer comes to; nil: it is asked again.
    @inline(never) private func outcome(of deliveries: [Delivery], isOver: Bool) -> Outcome? {
        if deliveries.isEmpty { return loop?.rest != nil && isOver ? Outcome.none : nil }
        counted(deliveries.count)
        return .deliveries(deliveries)
    }

    /// The same of an error.
    @inline(never) private func outcome(of error: BrokerError) -> Outcome? {
        if error.code == .cancelled { return .cancelled }
        if error.code != .ended && error.isRetryable { return nil }
        ended(error)
        return .ended
    }

    /// Sleeps, longer each time; false when the task was cancelled.
    @inline(never) private func pause(after pauses: Int) async -> Bool {
        do { try await time.sleep(for: min(.milliseconds(1 << min(pauses, 11)), .seconds(2))) } catch { return false }
        return true
    }

    private func take(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        guard let breaker else { return try await consumer.receive(upTo: limit, within: wait) }
        return try await breaker.receive(from: consumer, upTo: limit, within: wait, unless: stopping)
    }
}
