public import Messaging
import MessagingReliability

/// A delivery that waits to be handled. Let go of, it is given back at once, and comes again.
public final class PendingDelivery: Sendable {
    /// What became of a delivery that was handled.
    public enum Outcome: Hashable, Sendable {
        /// The handler has returned, and the delivery is accepted.
        case handled
        /// The handler threw, or took too long: the route's policy has retried it, or given it up.
        case failed
        /// No run of it has ended here: it is not held any more, another one of its id is done, or the subscription stops.
        case skipped
    }

    /// The delivery.
    public var delivery: Delivery { offer.delivery }
    /// Its message.
    public var message: Message { offer.delivery.message }
    /// Which run the next one is, from 1.
    public var attempt: Int32 { offer.delivery.attempt }

    private let offer: DeliveryOffer

    init(_ offer: DeliveryOffer) { self.offer = offer }

    deinit { offer.giveBack() }

    /// Runs a handler for it, under every policy of its route, and settles it; returns when that is decided.
    ///
    /// What the handler throws is not thrown here: it is what the run failed with, and the route's policy takes it on. When
    /// the calling task is cancelled, so is the handler; if it then throws, the delivery is given back and this throws
    /// `CancellationError`. Throws also when it was handled before, and when its scope has ended.
    @discardableResult
    public func handle(_ handler: @escaping @Sendable (Delivery) async throws -> Void) async throws -> Outcome {
        guard try offer.begin(handler) else { return .skipped }
        let result = await withTaskCancellationHandler {
            await offer.conclusion.waitUncancelled()
        } onCancel: {
            self.offer.abandon()
        }
        guard case .value(let result) = result else { return .skipped }
        switch result {
        case .finished: return .handled
        case .failed, .rejected, .timedOut, .undecodable: return .failed
        case .interrupted, nil:
            try Task.checkCancellation()
            return .skipped
        }
    }

    /// The same with its body as a value, read from JSON. What cannot be read is dead-lettered, as `undecodable`.
    @discardableResult
    public func handle<Value: Decodable & Sendable>(
        as type: Value.Type, _ handler: @escaping @Sendable (Value, Delivery) async throws -> Void
    ) async throws -> Outcome {
        try await handle { delivery in
            try await handler(try MessageHub.decoded(type, delivery.message.body), delivery)
        }
    }
}
