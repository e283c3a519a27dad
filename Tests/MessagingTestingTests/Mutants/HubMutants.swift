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
                .init(2, "received 0 of 1", .hub), .init(16, "received 0 of 1", .hub),
                .init(18, "received 0 of 1", .hub),
                .init(101, "neither the original nor its copy is left: lost"),
            ]
        ) {
            .ofConsumer { base, _, _ in .settling(base) { if case .forward = $0 { .accept } else { $0 } } }
        },
        Mutant(
            "a forward publishes and does not accept the original",
            caughtBy: [
                .init(2, "it was dead-lettered once", .hub), .init(16, "it was dead-lettered once", .hub),
                .init(2, "it was forwarded or discarded"),
            ]
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
            caughtBy: [.init(18, "the key of the dead letter is missing", .hub)]
        ) { .ofForwarded { $0.key = nil } },
        Mutant(
            "a forwarded copy loses the headers of its application",
            caughtBy: [.init(18, "the headers of the dead letter are", .hub)]
        ) { .ofForwarded { $0.headers.removeAll("Tenant") } },
        Mutant(
            "the hub runs a handler once more than it was told",
            caughtBy: [.init(16, "with a limit of 3 the handler ran as attempts [1, 2, 3, 4]", .hub)]
        ) { .ofRoutes { $0.retry.attempts += 1 } },
        Mutant(
            "the hub waits for a fifth of its policy's delay",
            caughtBy: [.init(21, "after a failed run the next came after", .hub)]
        ) { .ofRoutes { $0.retry.delay = $0.retry.delay / 5 } },
        Mutant(
            "the hub's grace period has passed at once",
            caughtBy: [.init(77, "did not let its handlers finish", .hub)]
        ) {
            var flaw = Flaw()
            flaw.configure = { $0.grace = .zero }
            return flaw
        },
    ]
}

extension Flaw {
    /// A flaw of what the hub is told of its routes.
    fileprivate static func ofRoutes(_ edit: @escaping @Sendable (inout RouteConfiguration) -> Void) -> Flaw {
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
    fileprivate static func ofForwarded(_ edit: @escaping @Sendable (inout Message) -> Void) -> Flaw {
        .ofConsumer { base, _, _ in
            .settling(base) { settlement in
                guard case .forward(let outgoing) = settlement else { return settlement }
                return .forward(outgoing.map { Outgoing($0.message.with(edit), to: $0.destination) })
            }
        }
    }
}
