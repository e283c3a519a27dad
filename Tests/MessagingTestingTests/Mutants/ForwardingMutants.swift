import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of forwarding.
    static let forwarding: [Mutant] = [
        Mutant(
            "a forward that is refused accepts the original",
            caughtBy: [
                .init(11, "the element whose settlement was a forward of 1: m9 is missing"),
                .init(102, "the originals of refused forwards: m3, m5, m6, m7 is missing"),
                .init(19, "received 0 of 1 from …, and then none for 1500ms", .hub),
            ], spoiling: [6]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    let outcomes = await base.settle(settlements)
                    for (settlement, outcome) in zip(settlements, outcomes) {
                        if case .failed = outcome { _ = await base.settle(settlement.receipt, as: .accept) }
                    }
                    return outcomes
                }
                return consumer
            }
        },
        Mutant(
            "a forward publishes although its receipt is stale",
            caughtBy: [
                .init(9, "late-copy came from …: the forward was stale")
            ], spoiling: [8, 103]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    if !base.holds(receipt) { await broker.send(outgoing) }
                    return await base.settle(receipt, as: .forward(outgoing))
                }
            }
        },
        Mutant(
            "a forward accepts the original, then publishes",
            caughtBy: [
                .init(101, "neither the original nor its copy is left: lost")
            ], spoiling: [6, 11, 19, 102]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    let outcome = await base.settle(receipt, as: .accept)
                    if outcome == .settled {
                        try? await SystemTime.shared.sleep(for: .milliseconds(1))
                        await broker.send(outgoing)
                    }
                    return outcome
                }
            }
        },
        Mutant(
            "a forward to a default dead-letter queue accepts the original, then publishes",
            caughtBy: [
                .init(19, "neither the original nor a dead letter is left: lost", .hub)
            ]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    guard outgoing.allSatisfy({ $0.destination.topic.name.hasSuffix(".dead") }) else {
                        return await base.settle(receipt, as: .forward(outgoing))
                    }
                    let outcome = await base.settle(receipt, as: .accept)
                    try? await SystemTime.shared.sleep(for: .milliseconds(1))
                    if outcome == .settled { await broker.send(outgoing) }
                    return outcome
                }
            }
        },
        Mutant(
            "a forward publishes, then accepts, and calls that atomic",
            caughtBy: [
                .init(101, "both the original and its copy are there, though forward is said to be atomic")
            ], spoiling: [6, 11, 19, 102]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    guard base.holds(receipt) else { return .stale }
                    await broker.send(outgoing)
                    try? await SystemTime.shared.sleep(for: .milliseconds(1))
                    return await base.settle(receipt, as: .accept)
                }
            }
        },
        Mutant(
            "a forwarded copy is shown to readers before its original is accepted",
            caughtBy: [
                .init(101, "a copy was seen of an original that was still held, though forward is said to be atomic")
            ], spoiling: [2, 16, 17, 20]
        ) {
            let early = Observed<[Destination: Message]>([:])
            return .ofConsumer { base, _, subscription in .previewing(base, subscription, early) }
        },
        Mutant(
            "of a forward of several, the first are published though the last is refused",
            caughtBy: [
                .init(102, "copy 3 came from …: its forward was refused")
            ]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    guard base.holds(receipt) else { return .stale }
                    await broker.send(outgoing.dropLast())
                    return await base.settle(receipt, as: .forward(outgoing.suffix(1)))
                }
            }
        },
        Mutant(
            "a refused forward fails its whole batch",
            caughtBy: [
                .init(11, "an accept beside a forward of 1 was answered failed"),
                .init(102, "a neighbour of a refused forward was answered failed"),
            ]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    var outcomes: [SettlementOutcome] = []
                    for settlement in settlements {
                        if case .failed(let error) = outcomes.last {
                            outcomes.append(.failed(error))
                        } else {
                            outcomes += await base.settle([settlement])
                        }
                    }
                    return outcomes
                }
                return consumer
            }
        },
        Mutant(
            "what is published for the second time is kept in memory alone",
            caughtBy: [.init(101, " neither the original nor what was sent on is left: lost", .hub)],
            for: [.queue, .stream]
        ) {
            let seen = Observed<Set<MessageID>>([])
            return .ofMessages { message in
                let isNew = seen.change { $0.insert(message.id).inserted }
                return isNew ? message : message.with { $0.deliveryMode = .transient }
            }
        },
    ]
}

extension FlawedConsumer {
    /// A consumer that forwards in a way of its own.
    static func forwarding(
        _ base: any MessageConsumer,
        _ forward: @escaping @Sendable (any MessageConsumer, Receipt, [Outgoing]) async -> SettlementOutcome
    ) -> FlawedConsumer {
        var consumer = FlawedConsumer(base: base)
        consumer.settle = { base, settlements in
            var outcomes: [SettlementOutcome] = []
            for settlement in settlements {
                if case .forward(let outgoing) = settlement.settlement {
                    outcomes.append(await forward(base, settlement.receipt, outgoing))
                } else {
                    outcomes += await base.settle([settlement])
                }
            }
            return outcomes
        }
        return consumer
    }

    /// A consumer that shows what it forwards to those who receive from there, five milliseconds before it is there.
    fileprivate static func previewing(
        _ base: any MessageConsumer, _ subscription: Subscription, _ early: Observed<[Destination: Message]>
    ) -> FlawedConsumer {
        var consumer = forwarding(base) { base, receipt, outgoing in
            early.change { for one in outgoing { $0[one.destination] = one.message } }
            try? await SystemTime.shared.sleep(for: .milliseconds(5))
            early.change { for one in outgoing { $0[one.destination] = nil } }
            return await base.settle(receipt, as: .forward(outgoing))
        }
        guard case .destination(let destination) = subscription.source else { return consumer }
        consumer.receive = { base, limit, wait in
            let end = SystemTime.shared.uptime + wait
            while true {
                if let message = early.change({ $0.removeValue(forKey: destination) }) {
                    return [Delivery(message: message, receipt: Receipt(sequence: .max))]
                }
                let rest = max(.zero, end - SystemTime.shared.uptime)
                let deliveries = try await base.receive(upTo: limit, within: min(rest, .milliseconds(1)))
                if !deliveries.isEmpty || rest == .zero { return deliveries }
            }
        }
        return consumer
    }
}

extension MessageBroker {
    /// Publishes, come what may: a flaw.
    func send(_ outgoing: some Sequence<Outgoing>) async {
        let options = PublishOptions(deadline: .milliseconds(100))
        for one in outgoing { _ = try? await publish(one.message, to: one.destination, options: options) }
    }
}
