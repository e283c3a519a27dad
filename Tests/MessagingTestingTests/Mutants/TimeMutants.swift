import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of delays, expirations and holds.
    static let time: [Mutant] = [
        Mutant(
            "a delay is not waited for",
            caughtBy: [
                .init(23, "a message for …Z came at …Z, too early")
            ], spoiling: [24, 67]
        ) {
            .stripping(\.notBefore)
        },
        Mutant(
            "a short delay is held up behind a long one",
            caughtBy: [
                .init(23, "beyond its delay, a message took over 250ms in two of three tries")
            ]
        ) {
            let latest = Observed<Timestamp?>(nil)
            return .ofMessages { message in
                guard let notBefore = message.notBefore else { return message }
                var message = message
                message.notBefore = latest.change { latest in
                    latest = max(latest ?? notBefore, notBefore)
                    return latest
                }
                return message
            }
        },
        Mutant(
            "an expired message is handed out",
            caughtBy: [
                .init(25, "what had not expired: m3 is missing")
            ], spoiling: [26]
        ) {
            .stripping(\.expiration)
        },
        Mutant(
            "what expired while it was held is handed out again after a release",
            caughtBy: [
                .init(25, "it had expired when it was released")
            ], spoiling: [8, 9, 97, 103]
        ) {
            .ofConsumer { base, _, _ in .releasing(base) { ($0.expiration ?? .now) < .now } }
        },
        Mutant(
            "a queue keeps what waits in it for as long as it likes",
            caughtBy: [
                .init(25, "…was handed out after the retention of its queue")
            ], for: [.queue]
        ) {
            .ofDeclarations { $0.retention = nil }
        },
        Mutant(
            "what has waited too long is gone, wherever the broker is to dead-letter it",
            caughtBy: [
                .init(25, "received 0 of 6 from …, and then none for 1500ms")
            ], spoiling: [], for: [.queue]
        ) {
            .ofDeclarations { if $0.retention != nil { $0.deadLetters = .none } }
        },
        Mutant(
            "the delay of a retry counts as waiting",
            caughtBy: [
                .init(25, "received 0 of 1 from …, and then none for 1500ms")
            ], for: [.queue]
        ) {
            let kept = Observed<[Destination: Duration]>([:])
            var flaw = Flaw.ofConsumer { base, _, subscription in
                .settling(base) { settlement in
                    guard case .retry(let delay, _) = settlement,
                        case .destination(let destination) = subscription.source,
                        let retention = kept.value[destination], delay >= retention
                    else { return settlement }
                    return .discard(reason: "expired")
                }
            }
            flaw.declare = { broker, declarations in
                for declaration in declarations { kept.change { $0[declaration.destination] = declaration.retention } }
                try await broker.declare(declarations)
            }
            return flaw
        },
        Mutant(
            "a delivery may be held for as long as it likes, whatever its subscription says",
            caughtBy: [
                .init(13, "held for longer than its maxHold of 300ms, it did not come again")
            ], spoiling: [8, 103]
        ) {
            .ofSubscriptions { $0.maxHold = .seconds(1800) }
        },
        Mutant(
            "what a dead process held is put off for a minute",
            caughtBy: [
                .init(4, "received 0 of 2 from …, and then none for 1500ms"),
                .init(21, "what a dead process held waited for the delay of a failed run", .hub),
            ], spoiling: [6, 8, 16, 19, 60, 83, 85, 101, 103]
        ) {
            let retried = Observed<Set<MessageID>>([])
            return .ofConsumer { base, _, _ in .puttingOff(base, but: retried) }
        },
    ]
}

extension Flaw {
    /// The broker never hears of a field, though its receivers see it.
    static func stripping(_ field: any WritableKeyPath<Message, Timestamp?> & Sendable) -> Flaw {
        let kept = Observed<[MessageID: Timestamp]>([:])
        var flaw = Flaw.ofConsumer { base, _, _ in
            .receiving(base) { deliveries in
                deliveries.map { delivery in
                    var delivery = delivery
                    if let moment = kept.value[delivery.message.id] { delivery.message[keyPath: field] = moment }
                    return delivery
                }
            }
        }
        flaw.publish = { broker, messages, destination, options in
            let stripped = messages.map { message in
                guard let moment = message[keyPath: field] else { return message }
                kept.change { $0[message.id] = moment }
                var message = message
                message[keyPath: field] = nil
                return message
            }
            return try await broker.publish(stripped, to: destination, options: options)
        }
        return flaw
    }
}

extension FlawedConsumer {
    /// A consumer that keeps what is released, where `condition` says so, and hands it out again by itself.
    fileprivate static func releasing(
        _ base: any MessageConsumer, where condition: @escaping @Sendable (Message) -> Bool
    ) -> FlawedConsumer {
        let (received, kept) = (Observed<[Receipt: Delivery]>([:]), Observed<[Delivery]>([]))
        var consumer = FlawedConsumer(base: base)
        consumer.receive = { base, limit, wait in
            let again = kept.change { kept in
                defer { kept = [] }
                return kept
            }
            let deliveries = again.isEmpty ? try await base.receive(upTo: limit, within: wait) : again
            received.change { for delivery in deliveries { $0[delivery.receipt] = delivery } }
            return deliveries
        }
        consumer.settle = { base, settlements in
            var outcomes: [SettlementOutcome] = []
            for settlement in settlements {
                if case .release = settlement.settlement, let delivery = received.value[settlement.receipt],
                    condition(delivery.message)
                {
                    kept.change { $0.append(delivery) }
                    outcomes.append(.settled)
                } else {
                    outcomes += await base.settle([settlement])
                }
            }
            return outcomes
        }
        return consumer
    }

    /// A consumer that puts off what has an attempt behind it, unless a retry asked for another.
    fileprivate static func puttingOff(
        _ base: any MessageConsumer, but retried: Observed<Set<MessageID>>
    ) -> FlawedConsumer {
        let received = Observed<[Receipt: MessageID]>([:])
        var consumer = FlawedConsumer(base: base)
        consumer.receive = { base, limit, wait in
            var kept: [Delivery] = []
            for delivery in try await base.receive(upTo: limit, within: wait) {
                received.change { $0[delivery.receipt] = delivery.message.id }
                if delivery.attempt == 1 || retried.value.contains(delivery.message.id) {
                    kept.append(delivery)
                } else {
                    _ = await base.settle(delivery.receipt, as: .retry(after: .seconds(60), failure: nil))
                }
            }
            return kept
        }
        consumer.settle = { base, settlements in
            for settlement in settlements {
                guard case .retry = settlement.settlement, let id = received.value[settlement.receipt] else { continue }
                retried.change { _ = $0.insert(id) }
            }
            return await base.settle(settlements)
        }
        return consumer
    }
}
