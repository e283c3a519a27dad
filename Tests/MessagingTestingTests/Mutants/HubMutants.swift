import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension Mutant {
    /// Flaws that the scenarios of the hub must catch: of the broker below it, and of what the hub is told.
    static let hub: [Mutant] = [
        Mutant(
            "a forward accepts the original and publishes nothing",
            caughtBy: [
                .init(2, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(16, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(18, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(22, "received 0 of 3 from …, and then none for 1500ms", .hub),
                .init(101, "neither the original nor its copy is left: lost"),
            ], spoiling: [6, 11, 17, 19, 100, 102]
        ) {
            .ofConsumer { base, _, _ in .settling(base) { if case .forward = $0 { .accept } else { $0 } } }
        },
        Mutant(
            "a forward publishes and does not accept the original",
            caughtBy: [
                .init(2, "m1 came from …: it was dead-lettered once", .hub),
                .init(16, "m1 came from …: it was dead-lettered once", .hub),
                .init(2, " came from …: it was forwarded or discarded"),
            ], spoiling: [6, 11, 17, 19, 22, 101, 102]
        ) {
            .ofConsumer { base, broker, _ in
                .forwarding(base) { base, receipt, outgoing in
                    guard base.holds(receipt) else { return .stale }
                    await broker.send(outgoing)
                    return await base.settle(receipt, as: .retry(after: .milliseconds(40), failure: nil))
                }
            }
        },
        Mutant(
            "a forwarded copy loses its key",
            caughtBy: [.init(18, "the dead letter is not what was sent: key … came as nothing", .hub)]
        ) { .ofForwarded { $0.key = nil } },
        Mutant(
            "a forwarded copy loses the headers of its application",
            caughtBy: [.init(18, "the dead letter is not what was sent: headers … came as []", .hub)]
        ) { .ofForwarded { $0.headers.removeAll("Tenant") } },
        Mutant(
            "a forwarded copy has its key and headers in a normal form",
            caughtBy: [
                .init(18, "the dead letter is not what was sent: key … came in other bytes; headers", .hub)
            ]
        ) {
            .ofForwarded { message in
                message.key = message.key?.decomposed
                message.headers = message.headers.decomposed
            }
        },
        Mutant(
            "the first failure of a dead letter is the beginning of time",
            caughtBy: [
                .init(18, "the first failure is 1970-01-01T00:00:00.000Z, the last …, but the run was from", .hub)
            ]
        ) { .ofForwarded { $0.headers[.deadLetterFirstFailure] = "1970-01-01T00:00:00.000Z" } },
        Mutant(
            "the attempt of a dead letter has one digit too many",
            caughtBy: [.init(18, "hub-dead-letter-attempt is 12, not 2", .hub)], spoiling: [22]
        ) { .ofForwarded { $0.headers[.deadLetterAttempt] = $0.headers[.deadLetterAttempt].map { "1\($0)" } } },
        Mutant(
            "the hub runs a handler once more than it was told",
            caughtBy: [.init(16, "with a limit of 3 the handler ran as attempts [1, 2, 3, 4]", .hub)],
            spoiling: [17, 18, 20, 100, 101]
        ) { .ofRoutes { $0.retry.attempts += 1 } },
        Mutant(
            "the hub waits for a fifth of its policy's delay",
            caughtBy: [.init(21, "after a failed run the next came after", .hub)], spoiling: [18, 20, 100]
        ) { .ofRoutes { $0.retry.delay = $0.retry.delay / 5 } },
        Mutant(
            "the hub's grace period has passed at once",
            caughtBy: [.init(77, "a shutdown within 5s did not let its handlers finish", .hub)]
        ) {
            var flaw = Flaw()
            flaw.configure = { $0.grace = .zero }
            return flaw
        },
    ]
}

extension Flaw {
    /// A flaw of what the hub is told of its routes.
    static func ofRoutes(_ edit: @escaping @Sendable (inout RouteConfiguration) -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.configure = { configuration in
            for name in configuration.routes.keys {
                if var route = configuration.routes[name] {
                    edit(&route)
                    configuration.routes[name] = route
                }
            }
        }
        return flaw
    }

    /// A flaw of what is forwarded.
    static func ofForwarded(_ edit: @escaping @Sendable (inout Message) -> Void) -> Flaw {
        .ofConsumer { base, _, _ in
            .settling(base) { settlement in
                guard case .forward(let outgoing) = settlement else { return settlement }
                return .forward(outgoing.map { Outgoing($0.message.with(edit), to: $0.destination) })
            }
        }
    }
}
