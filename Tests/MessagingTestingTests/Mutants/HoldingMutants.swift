import Messaging
import MessagingTesting

extension Mutant {
    /// What a hold that ends, or lasts too short a time, breaks when the machine is slow.
    private static let holders = [4, 5, 7, 15, 33, 38, 45, 47, 51, 56, 61, 65, 75]

    /// Flaws of what is held, for how long, and of what outlives that.
    static let holding: [Mutant] = [
        Mutant(
            "holds says true of what was once held",
            caughtBy: [
                .init(8, "after cancel holds says true"), .init(9, "holds says true of a settled receipt"),
            ], spoiling: [75, 103], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.holds = { _, _ in true }
                return consumer
            }
        },
        Mutant(
            "a cancelled consumer is told settled",
            caughtBy: [.init(8, "after cancel accept was answered settled, not stale")]
        ) {
            .ofConsumer { base, _, _ in
                let isCancelled = Observed(false)
                var consumer = FlawedConsumer.flattering(base) { _ in isCancelled.value }
                consumer.cancel = { base in
                    isCancelled.change { $0 = true }
                    await base.cancel()
                }
                return consumer
            }
        },
        Mutant(
            "the consumers of a closed broker are told settled",
            caughtBy: [
                .init(8, "after close accept was answered settled, not stale"),
                .init(75, "settle after close was answered settled, not stale"),
            ], spoiling: [74], for: [.queue, .stream]
        ) {
            let closed = Observed<Set<ObjectIdentifier>>([])
            var flaw = Flaw.ofConsumer { base, broker, _ in
                let broker = ObjectIdentifier(broker as AnyObject)
                return .flattering(base) { _ in closed.value.contains(broker) }
            }
            flaw.close = { broker, grace in
                closed.change { _ = $0.insert(ObjectIdentifier(broker as AnyObject)) }
                await broker.close(within: grace)
            }
            return flaw
        },
        Mutant(
            "whoever held for too long is told settled",
            caughtBy: [.init(8, "after its maxHold accept was answered settled, not stale")], spoiling: [103]
        ) {
            .ofConsumer { base, _, subscription in
                let began = Observed<[Receipt: Duration]>([:])
                var consumer = FlawedConsumer.flattering(base) { receipt in
                    began.value[receipt].map { SystemTime.shared.uptime - $0 >= subscription.maxHold } ?? false
                }
                consumer.receive = { base, limit, wait in
                    let now = SystemTime.shared.uptime
                    let deliveries = try await base.receive(upTo: limit, within: wait)
                    began.change { for delivery in deliveries { $0[delivery.receipt] = now } }
                    return deliveries
                }
                return consumer
            }
        },
        Mutant(
            "whoever held before a reconnect is told settled",
            caughtBy: [.init(8, "after a reconnect accept was answered settled, not stale")],
            spoiling: [79, 81, 83, 101, 103]
        ) {
            let epoch = Observed(0)
            var flaw = Flaw.ofConsumer { base, _, _ in
                let began = Observed<[Receipt: Int]>([:])
                var consumer = FlawedConsumer.flattering(base) { receipt in
                    began.value[receipt].map { $0 < epoch.value } ?? false
                }
                consumer.receive = { base, limit, wait in
                    let deliveries = try await base.receive(upTo: limit, within: wait)
                    began.change { for delivery in deliveries { $0[delivery.receipt] = epoch.value } }
                    return deliveries
                }
                return consumer
            }
            flaw.connect = { broker, reporting in
                try await broker.connect { event in
                    if case .down = event { epoch.change { $0 += 1 } }
                    reporting(event)
                }
            }
            return flaw
        },
        Mutant(
            "an accept that is too late accepts for whoever holds it now",
            caughtBy: [.init(8, "after cancel, a stale settlement ended the hold that came after it")],
            spoiling: [4, 9, 103]
        ) {
            let holders = Observed<[MessageID: (any MessageConsumer, Receipt)]>([:])
            return .ofConsumer { base, _, _ in .acceptingForOthers(base, holders) }
        },
        Mutant(
            "a consumer may hold for as long as it likes",
            caughtBy: [
                .init(8, "after its maxHold holds says true"),
                .init(13, "held for longer than its maxHold of 300ms, it did not come again"),
            ], spoiling: [103]
        ) { .ofSubscriptions { $0.maxHold = .seconds(1800) } },
        Mutant(
            "a hold ends with a lease that nobody renews",
            caughtBy: [.init(12, "what came …should not be there")],
            spoiling: [
                5, 8, 11, 13, 19, 20, 21, 25, 29, 40, 41, 46, 54, 55, 56, 60, 74, 77, 90, 92, 93, 94, 100, 101, 102,
                103,
            ], byChance: holders + [10, 33, 43, 75, 79, 81, 98]
        ) { .ofSubscriptions { $0.maxHold = .milliseconds(60) } },
        Mutant(
            "a hold ends after a second, whatever was asked",
            caughtBy: [.init(12, "what came to another before the maxHold of 30m had passed: … should not be there")],
            spoiling: [20], byChance: holders, for: [.queue, .stream]
        ) { .ofSubscriptions { $0.maxHold = min($0.maxHold, .seconds(1)) } },
        Mutant(
            "a lease is renewed by receiving, and by nothing else",
            caughtBy: [.init(12, "what came …should not be there")], spoiling: [40, 46], byChance: holders,
            for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in .holdingBetweenReceives(base) }
        },
        Mutant(
            "what a consumer held that was let go of stays with its connection",
            caughtBy: [.init(4, "received 0 of 2 from …, and then none for 1500ms")]
        ) {
            let kept = Observed<[any MessageConsumer]>([])
            return .ofConsumer { base, _, _ in
                kept.change { $0.append(base) }
                return FlawedConsumer(base: base)
            }
        },
        Mutant(
            "what a killed process held waits for it for ever",
            caughtBy: [
                .init(4, "received 0 of 2 from …, and then none for 1500ms"),
                .init(21, "what a dead process held waited for the delay of a failed run", .hub),
            ], spoiling: [6, 13, 14, 16, 60, 84, 85]
        ) {
            let kept = Observed<[any MessageBroker]>([])
            var flaw = Flaw()
            flaw.kill = { broker, _ in kept.change { $0.append(broker) } }
            return flaw
        },
    ]
}

extension Flaw {
    /// How a process is killed, where it can be.
    func killing(_ broker: any MessageBroker, _ kill: (@Sendable () async -> Void)?) -> (@Sendable () async -> Void)? {
        guard let kill, let flawed = self.kill else { return kill }
        return { await flawed(broker, kill) }
    }
}

extension FlawedConsumer {
    /// A consumer that is told settled where the answer is stale and `isLate` says so of the receipt.
    fileprivate static func flattering(
        _ base: any MessageConsumer, _ isLate: @escaping @Sendable (Receipt) -> Bool
    ) -> FlawedConsumer {
        var consumer = FlawedConsumer(base: base)
        consumer.settle = { base, settlements in
            let outcomes = await base.settle(settlements)
            return zip(settlements, outcomes).map { $1 == .stale && isLate($0.receipt) ? .settled : $1 }
        }
        return consumer
    }

    fileprivate static func acceptingForOthers(
        _ base: any MessageConsumer, _ holders: Observed<[MessageID: (any MessageConsumer, Receipt)]>
    ) -> FlawedConsumer {
        let ids = Observed<[Receipt: MessageID]>([:])
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            ids.change { for delivery in deliveries { $0[delivery.receipt] = delivery.message.id } }
            holders.change { for delivery in deliveries { $0[delivery.message.id] = (base, delivery.receipt) } }
            return deliveries
        }
        consumer.settle = { base, settlements in
            let outcomes = await base.settle(settlements)
            for (settlement, outcome) in zip(settlements, outcomes) where outcome == .stale {
                guard case .accept = settlement.settlement, let id = ids.value[settlement.receipt],
                    let (holder, receipt) = holders.value[id]
                else { continue }
                _ = await holder.settle(receipt, as: .accept)
            }
            return outcomes
        }
        return consumer
    }

    /// What is held goes back where nothing was received for 60 ms.
    fileprivate static func holdingBetweenReceives(_ base: any MessageConsumer) -> FlawedConsumer {
        let (held, last) = (Observed<[Receipt]>([]), Observed<Duration?>(nil))
        return .receivingSo(base) { base, limit, wait in
            if let last = last.value, SystemTime.shared.uptime - last > .milliseconds(60) {
                let receipts = held.change { held in
                    defer { held = [] }
                    return held
                }
                _ = await base.settle(receipts.map { ReceiptSettlement($0, .release) })
            }
            let deliveries = try await base.receive(upTo: limit, within: wait)
            held.change { $0 += deliveries.map(\.receipt) }
            last.change { $0 = SystemTime.shared.uptime }
            return deliveries
        }
    }
}
