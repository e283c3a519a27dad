import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of what fails, dies, and is counted.
    static let counting: [Mutant] = [
        Mutant(
            "what waits for its retry dies with the process that failed it",
            caughtBy: [.init(6, "received 0 of 1 from …, and then none for 1500ms")]
        ) {
            let (waiting, dead) = (Observed<Set<MessageID>>([]), Observed<Set<MessageID>>([]))
            var flaw = Flaw.ofConsumer { base, _, _ in .forgetting(base, waiting, dead) }
            flaw.kill = { _, kill in
                dead.change { $0.formUnion(waiting.value) }
                await kill()
            }
            return flaw
        },
        Mutant(
            "a position goes no further than the first that failed",
            caughtBy: [
                .init(6, " came from …: it was accepted behind one that failed with a release"),
                .init(11, " came from …: it was accepted in a batch of which another failed"),
            ], spoiling: [8, 9, 10, 14, 15, 25, 60, 88, 93, 101]
        ) {
            .ofConsumer { base, _, _ in .stoppingAtFailures(base) }
        },
        Mutant(
            "attempts are counted for all groups together",
            caughtBy: [.init(14, "in the other group attempt was 3, not 1")],
            spoiling: [4, 8, 13, 15, 16, 17, 18, 21, 60, 85, 97, 101], for: [.stream]
        ) {
            let retries = Observed<[MessageID: Int32]>([:])
            return .ofConsumer { base, _, _ in
                .tracking(base) { message, settlement in
                    if case .retry = settlement { retries.change { $0[message.id, default: 0] += 1 } }
                    return settlement
                } attempt: { delivery in
                    1 + (retries.value[delivery.message.id] ?? 0)
                }
            }
        },
        Mutant(
            "the end of a process is not counted, though it says so",
            caughtBy: [
                .init(13, "after a killed process, attempt was"), .init(14, "in the other group attempt was 2, not 3"),
                .init(16, "received 0 of 1 from …, and then none for 1500ms", .hub),
            ], spoiling: [4, 21, 60, 85]
        ) {
            var flaw = Flaw()
            flaw.kill = { broker, _ in await broker.close(within: .zero) }
            return flaw
        },
        Mutant(
            "a cancelled consumer has tried what it held, though it says that it has not",
            caughtBy: [.init(13, "after cancel, attempt was 3, not 2")],
            spoiling: [2, 4, 5, 8, 10, 11, 41, 48, 77, 93, 98, 102]
        ) {
            .ofConsumer { base, _, _ in .leaving(base, settling: .retry(after: .zero, failure: nil)) }
        },
        Mutant(
            "a lost hold is not counted, though it says so",
            caughtBy: [.init(13, "after a lost hold, attempt was")], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in
                let unsettled = Observed<Set<MessageID>>([])
                return .tracking(base) { message, settlement in
                    unsettled.change { _ = $0.remove(message.id) }
                    return settlement
                } attempt: { delivery in
                    let isNew = unsettled.change { $0.insert(delivery.message.id).inserted }
                    return delivery.attempt - (isNew ? 0 : 1)
                }
            }
        },
        Mutant(
            "the broker gives up what was tried twice",
            caughtBy: [
                .init(16, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(17, "received 0 of 1 from …, and then none for 1500ms", .hub),
            ], spoiling: [3, 13, 14, 19, 20, 21, 100, 101]
        ) { .ofRetries { $0 < 2 ? nil : .discard(reason: "tried twice") } },
        Mutant(
            "the broker drops what comes for the fifth time",
            caughtBy: [.init(16, "a message that came above its limit ran as attempts [], not once as 5", .hub)],
            spoiling: [13, 19, 20, 100]
        ) {
            .ofConsumer { base, _, _ in
                .receivingSo(base) { base, limit, wait in
                    let deliveries = try await base.receive(upTo: limit, within: wait)
                    for delivery in deliveries where delivery.attempt == 5 {
                        _ = await base.settle(delivery.receipt, as: .discard(reason: "too often"))
                    }
                    return deliveries.filter { $0.attempt != 5 }
                }
            }
        },
        Mutant(
            "the broker takes its tenth failure for success",
            caughtBy: [.init(20, "run 11 did not come within 250ms of its delay of 8s", .hub)]
        ) { .ofRetries { $0 < 10 ? nil : .accept } },
        Mutant(
            "a retry comes a second too late",
            caughtBy: [.init(20, "run 2 did not come within 250ms of its delay of 1s", .hub)], spoiling: [11, 100]
        ) {
            .ofConsumer { base, _, _ in
                .settling(base) { settlement in
                    guard case .retry(let delay, let failure) = settlement else { return settlement }
                    return .retry(after: delay + .seconds(1), failure: failure)
                }
            }
        },
        Mutant(
            "a release waits like a failed run",
            caughtBy: [.init(21, "what was released waited for the delay of a failed run", .hub)],
            spoiling: [4, 6, 9, 10, 11, 13, 77, 93, 97, 98]
        ) {
            .ofConsumer { base, _, _ in
                .settling(base) {
                    if case .release = $0 { .retry(after: .seconds(60), failure: nil) } else { $0 }
                }
            }
        },
    ]
}

extension Flaw {
    /// A flaw of retries: what becomes of one that failed in this attempt; nil: what should.
    fileprivate static func ofRetries(_ fate: @escaping @Sendable (Int32) -> Settlement?) -> Flaw {
        .ofConsumer { base, _, _ in
            let attempts = Observed<[MessageID: Int32]>([:])
            return .tracking(base) { message, settlement in
                guard case .retry = settlement else { return settlement }
                return fate(attempts.value[message.id] ?? 1) ?? settlement
            } attempt: { delivery in
                attempts.change { $0[delivery.message.id] = delivery.attempt }
                return delivery.attempt
            }
        }
    }
}

extension FlawedConsumer {
    /// A consumer that settles each message in another way than it was told, and counts in its own.
    static func tracking(
        _ base: any MessageConsumer, settle edit: @escaping @Sendable (Message, Settlement) -> Settlement,
        attempt: @escaping @Sendable (Delivery) -> Int32 = { $0.attempt }
    ) -> FlawedConsumer {
        let received = Observed<[Receipt: Message]>([:])
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            received.change { for delivery in deliveries { $0[delivery.receipt] = delivery.message } }
            return deliveries.map { delivery in
                var delivery = delivery
                delivery.attempt = attempt(delivery)
                return delivery
            }
        }
        consumer.settle = { base, settlements in
            await base.settle(
                settlements.map { settlement in
                    guard let message = received.value[settlement.receipt] else { return settlement }
                    return ReceiptSettlement(settlement.receipt, edit(message, settlement.settlement))
                })
        }
        return consumer
    }

    /// What waits for its retry is noted in `waiting`; what is `dead` never comes.
    fileprivate static func forgetting(
        _ base: any MessageConsumer, _ waiting: Observed<Set<MessageID>>, _ dead: Observed<Set<MessageID>>
    ) -> FlawedConsumer {
        var consumer = FlawedConsumer.tracking(base) { message, settlement in
            if case .retry = settlement { waiting.change { _ = $0.insert(message.id) } }
            return settlement
        }
        let receive = consumer.receive
        consumer.receive = { base, limit, wait in
            let deliveries = try await receive?(base, limit, wait) ?? []
            waiting.change { waiting in waiting.subtract(deliveries.map(\.message.id)) }
            let gone = deliveries.filter { dead.value.contains($0.message.id) }
            _ = await base.settle(gone.map { ReceiptSettlement($0.receipt, .accept) })
            return deliveries.filter { !dead.value.contains($0.message.id) }
        }
        return consumer
    }

    /// Accepts of what came after one that failed are answered, and forgotten.
    fileprivate static func stoppingAtFailures(_ base: any MessageConsumer) -> FlawedConsumer {
        let (received, failed) = (Observed<[Receipt]>([]), Observed<Int?>(nil))
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            received.change { $0 += deliveries.map(\.receipt) }
            return deliveries
        }
        consumer.settle = { base, settlements in
            var outcomes: [SettlementOutcome] = []
            for settlement in settlements {
                let place = received.value.lastIndex(of: settlement.receipt) ?? 0
                if case .accept = settlement.settlement, let failed = failed.value, place > failed {
                    outcomes.append(.settled)
                    continue
                }
                let outcome = await base.settle(settlement.receipt, as: settlement.settlement)
                outcomes.append(outcome)
                switch (settlement.settlement, outcome) {
                case (.release, _), (.retry, _), (_, .failed): failed.change { $0 = min($0 ?? place, place) }
                default: break
                }
            }
            return outcomes
        }
        return consumer
    }
}
