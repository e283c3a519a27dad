import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

@testable import InMemoryBroker

extension Mutant {
    /// Flaws of giving up: of the broker's own dead letters, of those of the hub, and of those that there are not.
    static let giving: [Mutant] = [
        Mutant(
            "the broker's own policy takes what was forwarded too",
            caughtBy: [.init(17, "m1 came from …: the hub has dead-lettered it, and that is once", .hub)],
            spoiling: [6, 11, 19, 102]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    guard base.holds(receipt) else { return .stale }
                    await broker.send(outgoing)
                    return await base.settle(receipt, as: .discard(reason: "forwarded"))
                }
            }
        },
        Mutant(
            "the hub sends dead letters though its route leaves them to the broker",
            caughtBy: [.init(17, "the hub discarded 0 times and forwarded 1 times", .hub)]
        ) { .ofRoutes { if case .broker(let topic) = $0.deadLetter { $0.deadLetter = .topic(topic) } } },
        Mutant(
            "what is discarded is deleted, whatever was declared",
            caughtBy: [.init(17, "received 0 of 1 from …, and then none for 1500ms", .hub)]
        ) { .ofDeclarations { if case .broker = $0.deadLetters { $0.deadLetters = .none } } },
        Mutant(
            "the hub gives up what it was told to keep",
            caughtBy: [.init(20, "run 6 did not come within 250ms of its delay of 8s", .hub)]
        ) { .ofRoutes { if $0.deadLetter == .none { $0.deadLetter = .byDefault } } },
        Mutant(
            "no delay of the hub is longer than four seconds",
            caughtBy: [.init(20, " after the one before, not 8s", .hub)], spoiling: [21, 100]
        ) { .ofRoutes { $0.retry.maximumDelay = .seconds(4) } },
        Mutant(
            "the hub keeps no order",
            caughtBy: [.init(20, "run …was of m…, not of the message", .hub)]
        ) { .ofRoutes { $0.order = .none } },
        Mutant(
            "an undecodable message is tried again",
            caughtBy: [.init(22, "hub-dead-letter-attempt of an undecodable message is 2, not 1", .hub)]
        ) {
            let tried = Observed<Set<MessageID>>([])
            return .ofConsumer { base, _, _ in
                .settling(base) { settlement in
                    guard case .forward(let outgoing) = settlement, let letter = outgoing.first?.message,
                        letter.headers[.deadLetterReason] == "undecodable",
                        tried.change({ $0.insert(letter.id).inserted })
                    else { return settlement }
                    return .retry(after: .zero, failure: nil)
                }
            }
        },
        Mutant(
            "a dead letter does not say why",
            caughtBy: [
                .init(16, "the reason of the dead letter is missing, not exhausted", .hub),
                .init(18, "hub-dead-letter-reason is missing, not exhausted", .hub),
                .init(22, "hub-dead-letter-reason of an undecodable message is missing, not undecodable", .hub),
            ], spoiling: [2, 17]
        ) { .ofForwarded { $0.headers[.deadLetterReason] = nil } },
        Mutant(
            "a dead letter does not say where it comes from",
            caughtBy: [.init(18, "hub-dead-letter-origin is missing, not ", .hub)]
        ) { .ofForwarded { $0.headers[.deadLetterOrigin] = nil } },
        Mutant(
            "a dead letter does not say what went wrong",
            caughtBy: [.init(18, "the error is missing, not failed on purpose", .hub)]
        ) { .ofForwarded { $0.headers[.deadLetterError] = nil } },
        Mutant(
            "the last failure of a dead letter is its first",
            caughtBy: [.init(18, "the first failure is …, the last …, not 60ms later", .hub)]
        ) { .ofForwarded { $0.headers[.deadLetterLastFailure] = $0.headers[.deadLetterFirstFailure] } },
    ]
}

extension Flaw {
    /// A connection that was away for so long stays away: 20 tries take 36 s, with 0.25 s after the first, then twice as
    /// much each time, and two seconds at most.
    static func givingUpConnections(after limit: Duration) -> Flaw {
        var flaw = Flaw()
        flaw.connect = { broker, report in
            guard let memory = broker as? InMemoryBroker else { return try await broker.connect(reporting: report) }
            let (time, wentAway) = (memory.server.time, Observed<Duration?>(nil))
            try await memory.connect { [weak memory] event in
                if case .down = event { wentAway.change { $0 = time.uptime } }
                let away = wentAway.value.map { time.uptime - $0 } ?? .zero
                if event == .up, away > limit { memory?.refuse() } else { report(event) }
            }
        }
        return flaw
    }
}
