import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of a broker that is closed.
    static let closing: [Mutant] = [
        Mutant(
            "after close, receive returns empty for ever",
            caughtBy: [
                .init(75, "a receive that waited at close returned instead of throwing ended")
            ], spoiling: [44]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    do {
                        return try await base.receive(upTo: limit, within: wait)
                    } catch let error as BrokerError {
                        if error.endReason == .closed { return [] }
                        throw error
                    }
                }
            }
        },
        Mutant(
            "on a closed broker, settle of what a pubSub delivered is answered settled",
            caughtBy: [
                .init(75, "settle after close was answered settled, not stale")
            ], for: [.pubSub]
        ) {
            .ofConsumer { base, _, subscription in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    let outcomes = await base.settle(settlements)
                    return subscription.kind == .pubSub ? outcomes.map { _ in .settled } : outcomes
                }
                return consumer
            }
        },
        Mutant(
            "a closed broker declares",
            caughtBy: [
                .init(75, "declare after close returned instead of throwing ended")
            ], for: [.queue, .stream]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                do { try await broker.declare(declarations) } catch let error as BrokerError {
                    if error.code != .ended { throw error }
                }
            }
            return flaw
        },
        Mutant(
            "a closed broker is said to be connected again",
            caughtBy: [
                .init(75, "connect after close returned instead of throwing ended")
            ]
        ) {
            var flaw = Flaw()
            flaw.connect = { broker, reporting in
                do { try await broker.connect(reporting: reporting) } catch let error as BrokerError {
                    if error.code != .ended { throw error }
                }
            }
            return flaw
        },
    ]
}
