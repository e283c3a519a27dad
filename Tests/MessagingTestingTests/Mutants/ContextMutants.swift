import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of where, when and in whose place a broker is called.
    static let callings: [Mutant] = contexts + hurried + fencing

    /// Flaws of where and when a broker is called.
    static let contexts: [Mutant] = [
        Mutant(
            "subscribe cannot be called on an actor",
            caughtBy: [.init(70, "subscribe from another actor threw brokerFailure: it was called on an actor")]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                try await notOnAnActor()
                return try await broker.subscribe(subscription)
            }
            return flaw
        },
        Mutant(
            "publish cannot be called on an actor",
            caughtBy: [.init(70, "publish from another actor threw 1 of 1 messages were not confirmed")]
        ) {
            .publishing { broker, messages, destination, options in
                try await notOnAnActor()
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "settle on an actor does nothing",
            caughtBy: [.init(70, "settle from another actor was answered stale")]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in DeafToActors(base: try await broker.subscribe(subscription)) }
            return flaw
        },
        Mutant(
            "a publish on an executor of its own never returns",
            caughtBy: [.init(70, "publish from an actor with an executor of its own did not return")]
        ) {
            .publishing { broker, messages, destination, options in
                if let actor = await callersActor(), "\(type(of: actor))".hasPrefix("Executed") {
                    try await SystemTime.shared.sleep(for: .seconds(60))
                }
                return try await broker.publish(messages, to: destination, options: options)
            }
        },
        Mutant(
            "a consumer that was made on an actor works there alone",
            caughtBy: [.init(70, "a consumer of another actor, asked from elsewhere, threw brokerFailure")]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                let isBound = await callersActor() != nil
                return BoundToActors(base: try await broker.subscribe(subscription), isBound: isBound)
            }
            return flaw
        },
        Mutant(
            "settle from a cancelled task does nothing, and says that it did",
            caughtBy: [.init(70, "came from …: it was accepted from a cancelled task")], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    if Task.isCancelled { return settlements.map { _ in .settled } }
                    return await base.settle(settlements)
                }
                return consumer
            }
        },
        Mutant(
            "settle from a cancelled task is refused",
            caughtBy: [.init(70, "settle from a cancelled task was answered [Messaging.SettlementOutcome.stale")],
            for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    if Task.isCancelled { return settlements.map { _ in .stale } }
                    return await base.settle(settlements)
                }
                return consumer
            }
        },
    ]

    /// Flaws of close.
    static let hurried: [Mutant] = [
        Mutant(
            "close waits until no receive does",
            caughtBy: [.init(76, "close during a receive did not return within 2500ms")], spoiling: [44]
        ) {
            let receiving = Observed(0)
            var flaw = Flaw.ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    receiving.change { $0 += 1 }
                    defer { receiving.change { $0 -= 1 } }
                    return try await base.receive(upTo: limit, within: wait)
                }
            }
            flaw.close = { broker, grace in
                _ = await receiving.first(within: .seconds(10)) { $0 == 0 }
                await broker.close(within: grace)
            }
            return flaw
        },
        Mutant(
            "close waits until no publish does",
            caughtBy: [.init(76, "close during a publish ")], for: [.queue, .stream]
        ) {
            let publishing = Observed(0)
            var flaw = Flaw.publishing { broker, messages, destination, options in
                publishing.change { $0 += 1 }
                defer { publishing.change { $0 -= 1 } }
                return try await broker.publish(messages, to: destination, options: options)
            }
            flaw.close = { broker, grace in
                _ = await publishing.first(within: .seconds(10)) { $0 == 0 }
                await broker.close(within: grace)
            }
            return flaw
        },
        Mutant(
            "close takes one and a half times the grace period",
            caughtBy: [.init(76, "close during a receive took over 1s in two of three tries")], spoiling: [72]
        ) {
            var flaw = Flaw()
            flaw.close = { broker, grace in
                await broker.close(within: grace)
                if grace == .seconds(1) { try? await SystemTime.shared.sleep(for: grace * 3 / 2) }
            }
            return flaw
        },
        Mutant(
            "a receive that waits outlives close",
            caughtBy: [.init(76, "a receive during close did not return within 3s")], spoiling: [44, 75]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    do { return try await base.receive(upTo: limit, within: wait) } catch let error as BrokerError {
                        if error.endReason == .closed { try await SystemTime.shared.sleep(for: wait) }
                        throw error
                    }
                }
            }
        },
        Mutant(
            "a second close at the same time waits for ever",
            caughtBy: [.init(76, "close twice at once did not return within 2500ms")]
        ) {
            let closing = Observed(0)
            var flaw = Flaw()
            flaw.close = { broker, grace in
                let isAlone = closing.change { count in
                    count += 1
                    return count == 1
                }
                if !isAlone { try? await SystemTime.shared.sleep(for: .seconds(10)) }
                // So that two at once meet.
                try? await SystemTime.shared.sleep(for: .milliseconds(30))
                await broker.close(within: grace)
                closing.change { $0 -= 1 }
            }
            return flaw
        },
        Mutant(
            "close waits for a connect that hangs",
            caughtBy: [.init(76, "close during a connect did not return within 2500ms")], spoiling: [72]
        ) {
            let connecting = Observed(0)
            var flaw = Flaw()
            flaw.connect = { broker, reporting in
                connecting.change { $0 += 1 }
                defer { connecting.change { $0 -= 1 } }
                do { try await broker.connect(reporting: reporting) } catch let error as BrokerError {
                    if error.code == .unavailable { try await SystemTime.shared.sleep(for: .seconds(20)) }
                    throw error
                }
            }
            flaw.close = { broker, grace in
                _ = await connecting.first(within: .seconds(20)) { $0 == 0 }
                await broker.close(within: grace)
            }
            return flaw
        },
    ]

    /// Flaws of fencing.
    static let fencing: [Mutant] = [
        Mutant(
            "who held for too long keeps its place",
            caughtBy: [.init(103, "received 0 of 4 from …, and then none for 1500ms")], spoiling: [8, 13],
            for: [.queue, .stream]
        ) {
            .ofSubscriptions { $0.maxHold = .seconds(1800) }
        },
        Mutant(
            "who is fenced is not told",
            caughtBy: [
                .init(103, "a consumer that held for too long was fenced, and neither an event nor its receive said so")
            ],
            for: [.queue, .stream]
        ) {
            var flaw = Flaw()
            flaw.connect = { broker, reporting in
                try await broker.connect { event in
                    if case .revoked = event { return }
                    reporting(event)
                }
            }
            return flaw
        },
        Mutant(
            "who comes back after a silence is not told of it",
            caughtBy: [
                .init(103, "a consumer that was not heard of was fenced, and neither an event nor its receive said so")
            ], spoiling: [35, 82, 83, 86, 89, 100], for: [.queue, .stream]
        ) {
            var flaw = Flaw()
            flaw.connect = { broker, reporting in
                try await broker.connect { event in
                    if case .down = event { return }
                    reporting(event)
                }
            }
            return flaw
        },
        Mutant(
            "holds says true to who is fenced",
            caughtBy: [.init(103, "holds says true to a consumer that held for too long")], spoiling: [8, 9, 75],
            for: [.queue, .stream]
        ) {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in Deluded(base: try await broker.subscribe(subscription)) }
            return flaw
        },
        Mutant(
            "who is fenced is told that the broker failed",
            caughtBy: [.init(103, "accept by a consumer that held for too long was answered failed")],
            spoiling: [7, 8, 9, 75], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    await base.settle(settlements).map { outcome in
                        outcome == .stale ? .failed(BrokerError(.brokerFailure, "it is not held")) : outcome
                    }
                }
                return consumer
            }
        },
        Mutant(
            "what is forwarded is published though its original is not held",
            caughtBy: [.init(103, "it was forwarded by a consumer that was fenced")], spoiling: [8, 9, 101],
            for: [.queue, .stream]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    if base.holds(receipt) { return await base.settle(receipt, as: .forward(outgoing)) }
                    for one in outgoing { _ = try? await broker.publish(one.message, to: one.destination) }
                    return .stale
                }
            }
        },
        Mutant(
            "a receive of who is fenced gives what its heir holds",
            caughtBy: [.init(103, "a consumer that held for too long: … should not be there")],
            for: [.queue, .stream]
        ) {
            let given = Observed<[Delivery]>([])
            return .ofConsumer { base, _, subscription in
                .receivingSo(base) { base, limit, wait in
                    let deliveries = try await base.receive(upTo: limit, within: wait)
                    if subscription.window == 4 { given.change { $0 = deliveries } }
                    if subscription.window == 2, deliveries.isEmpty { return Array(given.value.prefix(limit)) }
                    return deliveries
                }
            }
        },
    ]

    private static func notOnAnActor() async throws {
        if await callersActor() != nil { throw BrokerError(.brokerFailure, "it was called on an actor") }
    }
}

/// The actor on which the caller runs.
nonisolated(nonsending) private func callersActor() async -> (any Actor)? { #isolation }

/// A consumer that settles nothing for an actor.
private struct DeafToActors: ConsumerDecorator {
    let base: any MessageConsumer

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        if await callersActor() != nil { return settlements.map { _ in .stale } }
        return await base.settle(settlements)
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        if await callersActor() != nil { return .stale }
        return await base.settle(receipt, as: settlement)
    }
}

/// A consumer that, made on an actor, gives nothing elsewhere.
private struct BoundToActors: ConsumerDecorator {
    let base: any MessageConsumer
    let isBound: Bool

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let isElsewhere = await callersActor() == nil
        if isBound, isElsewhere { throw BrokerError(.brokerFailure, "it belongs to an actor") }
        return try await base.receive(upTo: limit, within: wait)
    }
}

/// A consumer that believes to hold what it ever received.
private struct Deluded: ConsumerDecorator {
    let base: any MessageConsumer
    func holds(_ receipt: Receipt) -> Bool { true }
}
