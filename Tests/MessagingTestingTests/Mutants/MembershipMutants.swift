import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of members that come, go, and share.
    static let membership: [Mutant] = [
        Mutant(
            "a window counts for twice as many",
            caughtBy: [
                .init(46, "with a window of 10 a consumer that settles nothing keeps 20"),
                .init(41, "at first, a window of 4 held 8 deliveries"),
            ]
        ) { .ofSubscriptions { $0.window *= 2 } },
        Mutant(
            "each settlement takes 70 milliseconds",
            caughtBy: [.init(46, "beside a consumer that settles nothing the other handled ")], spoiling: [90],
            for: [.queue]
        ) {
            .ofConsumer { base, _, _ in
                var consumer = FlawedConsumer(base: base)
                consumer.settle = { base, settlements in
                    try? await SystemTime.shared.sleep(for: .milliseconds(70))
                    return await base.settle(settlements)
                }
                return consumer
            }
        },
        Mutant(
            "a member that leaves accepts what it holds",
            caughtBy: [
                .init(48, "while members came and went, … was lost"),
                .init(5, "the two before the accepted third: …is missing"),
            ], spoiling: [2, 4, 8, 10, 11, 13, 20, 41, 49, 77, 93, 98, 102], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, _ in .leaving(base, settling: .accept) }
        },
        Mutant(
            "a member that leaves others takes back what it settled last",
            caughtBy: [.init(48, " came again, though it was settled")],
            spoiling: [4, 6, 8, 15, 16, 37, 45, 49, 60, 74, 81, 83, 85, 86, 94, 97],
            for: [.queue, .stream]
        ) {
            let members = Observed<[String: Int]>([:])
            return .ofConsumer { base, _, subscription in .takingBack(base, subscription.label, members) }
        },
        Mutant(
            "a member that joins others swallows its first message",
            caughtBy: [.init(48, "while members came and went, … was lost")],
            spoiling: [
                4, 6, 8, 13, 14, 15, 16, 18, 21, 32, 33, 37, 38, 40, 43, 45, 46, 47, 49, 50, 51, 52, 56, 57, 60, 74, 75,
                85, 87, 93, 94, 96, 97, 100, 103,
            ], for: [.queue, .stream]
        ) {
            let members = Observed<[String: Int]>([:])
            return .ofConsumer { base, _, subscription in
                let count = members.change { members in
                    members[subscription.label, default: 0] += 1
                    return members[subscription.label] ?? 0
                }
                let isFirst = Observed(count > 1)
                var consumer = FlawedConsumer.receivingSo(base) { base, limit, wait in
                    let deliveries = try await base.receive(upTo: limit, within: wait)
                    guard let first = deliveries.first,
                        isFirst.change({ isFirst in
                            defer { isFirst = false }
                            return isFirst
                        })
                    else { return deliveries }
                    _ = await base.settle(first.receipt, as: .accept)
                    return Array(deliveries.dropFirst())
                }
                consumer.cancel = { base in
                    members.change { $0[subscription.label, default: 1] -= 1 }
                    await base.cancel()
                }
                return consumer
            }
        },
    ]
}

extension FlawedConsumer {
    /// The last accept is written with the next call, or forgotten where the consumer is cancelled beside others.
    fileprivate static func takingBack(
        _ base: any MessageConsumer, _ label: String, _ members: Observed<[String: Int]>
    ) -> FlawedConsumer {
        members.change { $0[label, default: 0] += 1 }
        return .acceptingLate(base) { write in
            let left = members.change { members in
                members[label, default: 1] -= 1
                return members[label] ?? 0
            }
            if left == 0 { await write() }
        }
    }
}
