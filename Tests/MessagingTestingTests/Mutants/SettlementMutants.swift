import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of settling.
    static let settlement: [Mutant] = [
        Mutant(
            "accept is answered settled and does nothing",
            caughtBy: [
                .init(1, "m1 came from …: it was accepted before"),
                .init(41, "received 0 of 1 from …, and then none for 1500ms"),
                .init(74, " came from …: its accept was answered settled before close"),
                .init(100, "in run 2 of a program ", .hub),
            ],
            spoiling: [
                2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 22, 25, 33, 34, 37, 38, 44, 45, 46, 47, 48, 49, 53, 54, 55,
                57, 58, 59, 60, 70, 73, 75, 77, 79, 81, 83, 85, 86, 88, 90, 92, 93, 94, 96, 97, 98, 101, 102, 103,
            ], byChance: [31], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    await base.settle(others: settlements) { if case .accept = $0 { .settled } else { nil } }
                }
                return consumer
            }
        },
        Mutant(
            "settlements that overlap another are forgotten",
            caughtBy: [
                .init(10, " came from …: one of many tasks accepted it")
            ], spoiling: [19, 22, 54, 73, 77, 88, 90, 93, 94, 100, 101], for: [.queue, .stream]
        ) {
            let underWay = Observed(0)
            return .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    let isAlone = underWay.change { underWay in
                        underWay += 1
                        return underWay == 1
                    }
                    // Long enough for others to come.
                    if isAlone { try? await SystemTime.shared.sleep(for: .milliseconds(20)) }
                    defer { underWay.change { $0 -= 1 } }
                    if isAlone { return await base.settle(settlements) }
                    return settlements.map { _ in .settled }
                }
                return consumer
            }
        },
        Mutant(
            "a stale receipt is answered settled",
            caughtBy: [
                .init(7, "settlement 41 of 100 was answered settled, not stale"),
                .init(9, "of a settled receipt was answered settled, not stale"),
                .init(75, "settle after close was answered settled, not stale"),
                .init(103, "accept by a consumer that held for too long was answered settled, not stale"),
            ], spoiling: [8, 74, 83, 101], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    await base.settle(settlements).map { $0 == .stale ? .settled : $0 }
                }
                return consumer
            }
        },
        Mutant(
            "a release counts as an attempt",
            caughtBy: [
                .init(13, "after a release, attempt was 3, not 2")
            ], spoiling: [4, 9, 10, 11, 21, 77, 93, 97, 98]
        ) {
            .ofConsumer { base, _, _ in
                .settling(base) { if case .release = $0 { .retry(after: .zero, failure: nil) } else { $0 } }
            }
        },
        Mutant(
            "a release deletes",
            caughtBy: [
                .init(4, "received 0 of 2 from …, and then none for 1500ms"),
                .init(11, "the element whose settlement was a release: m3 is missing"),
            ], spoiling: [6, 9, 10, 13, 21, 77, 93, 97, 98]
        ) {
            .ofConsumer { base, _, _ in
                .settling(base) { if case .release = $0 { .discard(reason: "released") } else { $0 } }
            }
        },
        Mutant(
            "a discarded delivery is released",
            caughtBy: [
                .init(2, " came from …: it was forwarded or discarded")
            ], spoiling: [17, 97]
        ) {
            .ofConsumer { base, _, _ in .settling(base) { if case .discard = $0 { .release } else { $0 } } }
        },
        Mutant(
            "a retry comes at once, whatever its delay",
            caughtBy: [
                .init(3, "retried after …, it came after "),
                .init(20, " after the one before, not ", .hub),
            ], spoiling: [100]
        ) {
            .ofConsumer { base, _, _ in
                .settling(base) {
                    if case .retry(_, let failure) = $0 { .retry(after: .zero, failure: failure) } else { $0 }
                }
            }
        },
        Mutant(
            "the attempt of a retry does not grow",
            caughtBy: [
                .init(3, "run 2 came as attempt 1, not as 2"),
                .init(13, "after a retry, attempt was 1, not 2"),
                .init(15, "the retry came as attempt 1, not 2"),
            ], spoiling: [4, 6, 11, 14, 16, 17, 18, 19, 21, 60, 68, 85, 88, 101]
        ) {
            .ofConsumer { base, _, _ in
                .receiving(base) { deliveries in
                    deliveries.map { delivery in
                        var delivery = delivery
                        delivery.attempt = 1
                        return delivery
                    }
                }
            }
        },
        Mutant(
            "a retry is published anew, for every group",
            caughtBy: [
                .init(15, "m1 came from …: the retry was another group's, and this one had accepted it")
            ], spoiling: [3, 8, 13, 14, 16, 17, 18, 20, 100]
        ) {
            let copies = Observed<[MessageID: Int32]>([:])
            return .ofConsumer { base, _, subscription in .republishing(base, subscription, counting: copies) }
        },
        Mutant(
            "cancel keeps what is held until the connection ends",
            caughtBy: [
                .init(4, "received 0 of 2 from …, and then none for 1500ms")
            ], spoiling: [8, 11, 13, 20, 44, 48, 49, 98, 102]
        ) {
            let kept = Observed<[any MessageConsumer]>([])
            return .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.cancel = { base in
                    kept.change { $0.append(base) }
                    await base.stop()
                }
                return consumer
            }
        },
        Mutant(
            "stop lets go of what is held",
            caughtBy: [
                .init(4, "accept of a held delivery was answered stale"),
                .init(77, " came from …: its handler had finished before the hub was shut down", .hub),
            ], spoiling: [44, 97, 98]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.stop = { base in await base.cancel() }
                return consumer
            }
        },
        Mutant(
            "accepting one accepts all that were received before it",
            caughtBy: [
                .init(5, "the two before the accepted third: m1, m2 is missing"),
                .init(7, "settlement 0 of 100 was answered stale, not settled"),
            ], spoiling: [2, 6, 10, 11, 46, 48, 60, 73, 77, 90, 102], byChance: [83]
        ) {
            .ofConsumer { base, _, _ in .cumulative(base) }
        },
        Mutant(
            "one stale receipt makes its whole batch stale",
            caughtBy: [
                .init(7, "settlement 0 of 100 was answered stale, not settled")
            ]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    let isStale = settlements.contains { !base.holds($0.receipt) }
                    return isStale ? settlements.map { _ in .stale } : await base.settle(settlements)
                }
                return consumer
            }
        },
        Mutant(
            "one failed settlement brings back its whole batch",
            caughtBy: [
                .init(11, " came from …: it was accepted in a batch of which another failed")
            ]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    let fails = settlements.contains { if case .release = $0.settlement { true } else { false } }
                    return await base.settle(fails ? settlements.map { .init($0.receipt, .release) } : settlements)
                }
                return consumer
            }
        },
        Mutant(
            "close loses the last accept, which was answered before it was written",
            caughtBy: [
                .init(74, " came from …: its accept was answered settled before close")
            ], spoiling: [6, 8, 15, 37, 48, 60, 81, 83, 85, 86, 97]
        ) {
            .ofConsumer { base, _, _ in .acceptingLate(base) }
        },
    ]
}

extension MessageConsumer {
    /// Settles those that `answer` leaves to the broker.
    func settle(
        others settlements: [ReceiptSettlement], _ answer: (Settlement) -> SettlementOutcome?
    ) async -> [SettlementOutcome] {
        var outcomes: [SettlementOutcome] = []
        for settlement in settlements {
            if let outcome = answer(settlement.settlement) {
                outcomes.append(outcome)
            } else {
                outcomes += await settle([settlement])
            }
        }
        return outcomes
    }
}

extension FlawedConsumer {
    static func republishing(
        _ base: any MessageConsumer, _ subscription: Subscription, counting copies: Observed<[MessageID: Int32]>
    ) -> FlawedConsumer {
        let received = Observed<[Receipt: Message]>([:])
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            received.change { for delivery in deliveries { $0[delivery.receipt] = delivery.message } }
            return deliveries.map { delivery in
                var delivery = delivery
                delivery.attempt += copies.value[delivery.message.id] ?? 0
                return delivery
            }
        }
        consumer.settle = { base, settlements in
            guard case .destination(let destination) = subscription.source else {
                return await base.settle(settlements)
            }
            return await base.settle(
                settlements.map { settlement in
                    guard case .retry = settlement.settlement,
                        let message = received.change({ $0[settlement.receipt] })
                    else { return settlement }
                    copies.change { $0[message.id, default: 0] += 1 }
                    return ReceiptSettlement(settlement.receipt, .forward([Outgoing(message, to: destination)]))
                })
        }
        return consumer
    }

    static func cumulative(_ base: any MessageConsumer) -> FlawedConsumer {
        let received = Observed<[Receipt]>([])
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            received.change { $0 += deliveries.map(\.receipt) }
            return deliveries
        }
        consumer.settle = { base, settlements in
            let outcomes = await base.settle(settlements)
            for settlement in settlements {
                guard case .accept = settlement.settlement else { continue }
                let earlier = received.change { received in
                    let end = received.firstIndex(of: settlement.receipt) ?? 0
                    return Array(received[..<end])
                }
                for receipt in earlier { _ = await base.settle(receipt, as: .accept) }
            }
            return outcomes
        }
        return consumer
    }

    /// The last accept of a call is written with the next one. `cancelling` decides what becomes of it at the end; by
    /// default it is written.
    static func acceptingLate(
        _ base: any MessageConsumer,
        cancelling: @escaping @Sendable (_ write: @Sendable () async -> Void) async -> Void = { await $0() }
    ) -> FlawedConsumer {
        let late = Observed<[Receipt]>([])
        var consumer = FlawedConsumer(base: base)
        @Sendable func flush() async {
            for receipt in late.change({ receipts in
                defer { receipts = [] }
                return receipts
            }) { _ = await base.settle(receipt, as: .accept) }
        }
        consumer.receive = { base, limit, wait in
            await flush()
            return try await base.receive(upTo: limit, within: wait)
        }
        consumer.settle = { base, settlements in
            await flush()
            guard let last = settlements.last, case .accept = last.settlement, base.holds(last.receipt) else {
                return await base.settle(settlements)
            }
            late.change { $0.append(last.receipt) }
            return await base.settle(Array(settlements.dropLast())) + [.settled]
        }
        consumer.cancel = { base in
            await cancelling(flush)
            await base.cancel()
        }
        return consumer
    }
}
