import Messaging
import MessagingTesting

extension Oddball {
    /// Odd in what a delivery looks like, and when it comes again.
    static let ofDelivering: [Oddball] = [
        Oddball("hands out three messages at a time at most") {
            .odd(
                .ofConsumer { base, _, _ in
                    .receivingSo(base) { base, limit, wait in
                        try await base.receive(upTo: min(limit, 3), within: wait)
                    }
                })
        },
        Oddball("reorders between keys") {
            // Where one order is declared for all, there is nothing between keys to reorder.
            let inOneOrder = Observed<Set<Destination>>([])
            var flaw = Flaw.ofConsumer { base, _, subscription in
                guard case .destination(let destination) = subscription.source,
                    !inOneOrder.value.contains(destination)
                else { return .init(base: base) }
                return .receiving(base) { $0.keyByKey }
            }
            flaw.declare = { broker, declarations in
                let found = declarations.filter { $0.order == .all }.map(\.destination)
                inOneOrder.change { $0.formUnion(found) }
                try await broker.declare(declarations)
            }
            return .odd(flaw)
        },
        Oddball("calls its only lane the seventh") {
            .odd(
                .ofConsumer { base, _, _ in
                    .receiving(base) { deliveries in
                        deliveries.map { delivery in
                            var delivery = delivery
                            delivery.lane = 7
                            return delivery
                        }
                    }
                })
        },
        Oddball("gives receipts of the seventh epoch") {
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in EpochConsumer(base: try await broker.subscribe(subscription)) }
            return .odd(flaw)
        },
        // At the seam alone: its copies are due by the machine's clock.
        Oddball("retries what is in a queue by a copy, and keeps no order", [.seam]) {
            .odd(
                .ofConsumer { base, _, source in source.kind == .queue ? .copying(base, source) : .init(base: base) },
                without: [.order])
        },
    ]
}

extension [Delivery] {
    /// One key after the other, the last first; those of one key in their order.
    fileprivate var keyByKey: [Delivery] {
        var keys: [String?] = []
        for delivery in self where !keys.contains(delivery.message.key) { keys.append(delivery.message.key) }
        return keys.reversed().flatMap { key in filter { $0.message.key == key } }
    }
}

/// A consumer whose receipts have an epoch.
private struct EpochConsumer: ConsumerDecorator {
    let base: any MessageConsumer

    private func plain(_ receipt: Receipt) -> Receipt {
        Receipt(sequence: receipt.epoch == 7 ? receipt.sequence : .max, slot: receipt.slot)
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        var deliveries = try await base.receive(upTo: limit, within: wait)
        for (index, delivery) in deliveries.enumerated() {
            let receipt = delivery.receipt
            deliveries[index].receipt = Receipt(sequence: receipt.sequence, slot: receipt.slot, epoch: 7)
        }
        return deliveries
    }

    func holds(_ receipt: Receipt) -> Bool { base.holds(plain(receipt)) }

    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
        await base.settle(settlements.map { ReceiptSettlement(plain($0.receipt), $0.settlement) })
    }

    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
        await base.settle(plain(receipt), as: settlement)
    }
}

extension FlawedConsumer {
    /// A retry is a copy with the same id, which counts and waits; it is there before the original is accepted.
    fileprivate static func copying(_ base: any MessageConsumer, _ subscription: Subscription) -> FlawedConsumer {
        let held = Observed<[Receipt: Delivery]>([:])
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            deliveries.map { delivery in
                var delivery = delivery
                if let copies = delivery.message.headers[.attempt].flatMap({ Int32($0) }) {
                    delivery.attempt += copies
                    delivery.message.headers.removeAll(.attempt)
                    delivery.message.notBefore = nil
                }
                held.change { $0[delivery.receipt] = delivery }
                return delivery
            }
        }
        consumer.settle = { base, settlements in
            await base.settle(
                settlements.map { settlement in
                    let delivery = held.change { $0.removeValue(forKey: settlement.receipt) }
                    guard case .retry(let delay, _) = settlement.settlement, let delivery,
                        case .destination(let queue) = subscription.source
                    else { return settlement }
                    var copy = delivery.message
                    copy.headers[.attempt] = String(delivery.attempt)
                    copy.notBefore = delay > .zero ? .now + delay : nil
                    return ReceiptSettlement(settlement.receipt, .forward([Outgoing(copy, to: queue)]))
                })
        }
        return consumer
    }
}
