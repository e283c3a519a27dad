import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// A broker that is odd but right, and says so: nothing may turn red.
struct Oddball: Sendable, CustomTestStringConvertible {
    /// What is odd about it.
    let oddity: String
    /// What it is run against: at the seam alone where the hub could not do its work on such a broker.
    let levels: [Scenario.Level]
    /// Makes a harness of its own.
    let harness: @Sendable () -> any ConformanceHarness

    init(
        _ oddity: String, _ levels: [Scenario.Level] = [.seam, .hub],
        _ harness: @escaping @Sendable () -> FlawedHarness
    ) {
        self.oddity = oddity
        self.levels = levels
        self.harness = harness
    }

    /// One whose brokers are inside another one each.
    init(_ oddity: String, decorating decorate: @escaping @Sendable (InMemoryBroker) -> LaunchedBroker) {
        self.oddity = oddity
        levels = [.seam, .hub]
        harness = { DecoratedHarness(decorate: decorate) }
    }

    var testDescription: String { oddity }

    static let all = ofReceiving + ofLimits + ofPublishing + ofDelivering + ofEnds + ofDecorators

    /// Odd in how they hand out, forward and crash.
    static let ofReceiving: [Oddball] = [
        Oddball("hands out one message at a time") {
            .odd(
                .ofConsumer { base, _, _ in
                    .receivingSo(base) { base, _, wait in try await base.receive(upTo: 1, within: wait) }
                })
        },
        Oddball("trickles: each receive takes three milliseconds longer than it must") {
            .odd(
                .ofConsumer { base, _, _ in
                    .receivingSo(base) { base, limit, wait in
                        let deliveries = try await base.receive(upTo: limit, within: wait)
                        try? await SystemTime.shared.sleep(for: .milliseconds(3))
                        return deliveries
                    }
                })
        },
        Oddball("counts a release as an attempt, and says so") {
            // A retry would begin the time anew for which a queue keeps what waits.
            let keeping = Observed<Set<Destination>>([])
            var flaw = Flaw.ofConsumer { base, _, subscription in
                if case .destination(let destination) = subscription.source, keeping.value.contains(destination) {
                    return FlawedConsumer(base: base)
                }
                return .countingReleases(base)
            }
            flaw.declare = { broker, declarations in
                let kept = declarations.filter { $0.retention != nil }.map(\.destination)
                keeping.change { $0.formUnion(kept) }
                try await broker.declare(declarations)
            }
            flaw.capabilities = { $0.releaseCounts = true }
            return .odd(flaw)
        },
        Oddball("forwards by publishing first and accepting then, and does not call it atomic") {
            .odd(.ofConsumer { base, broker, _ in .forwardingInTwoSteps(base, broker) }, without: [.atomicForward])
        },
        Oddball("keeps no order, no delay, no priority and no bound, and cannot be replayed") {
            .odd(Flaw(), without: [.order, .delay, .priority, .bounded, .replay])
        },
        Oddball("carries no null bodies and no headers that are not text") {
            .odd(Flaw(), without: [.nullBody]) { $0.headerGrammar = .text }
        },
        Oddball("takes bodies of ten bytes and no headers", [.seam]) {
            .odd(Flaw(), without: [.filter]) { limits in
                limits.maximumBodyBytes = 10
                limits.maximumHeaders = 0
            }
        },
        Oddball("may undo what was settled in the last 50 milliseconds when it crashes") {
            .odd(Flaw(), on: InMemoryServer(settleLag: .milliseconds(50)))
        },
    ]
}

extension FlawedHarness {
    /// A harness of an odd broker.
    static func odd(
        _ flaw: Flaw, on server: InMemoryServer = InMemoryServer(maximumMessages: 131_072),
        without refused: [BrokerCapabilities.Operation] = [],
        limits edit: (inout BrokerLimits) -> Void = { _ in }
    ) -> FlawedHarness {
        var capabilities = BrokerProfile.inMemory.capabilities
        for kind in DestinationKind.allCases {
            for operation in refused { capabilities.operations[kind]?[operation] = .refused(reason: "it is odd") }
        }
        let profile = BrokerProfile(
            type: .inMemory, scheme: "memory", options: BrokerProfile.inMemory.options, capabilities: capabilities,
            limits: BrokerProfile.inMemory.limits.with(edit))
        return FlawedHarness(flaw, before: InMemoryHarness(server, profile: profile))
    }
}

extension FlawedConsumer {
    fileprivate static func forwardingInTwoSteps(
        _ base: any MessageConsumer, _ broker: any MessageBroker
    ) -> FlawedConsumer {
        .forwarding(base) { base, receipt, outgoing in
            guard base.holds(receipt) else { return .stale }
            let options = PublishOptions(deadline: .milliseconds(200))
            for one in outgoing {
                do { try await broker.publish(one.message, to: one.destination, options: options) } catch {
                    let failure = error as? PublishFailure
                    return .failed(failure?.first ?? BrokerError(.brokerFailure, "\(error)"))
                }
            }
            // Stale would say that nothing was published.
            let outcome = await base.settle(receipt, as: .accept)
            guard outcome == .stale else { return outcome }
            return .failed(BrokerError(.notConnected, "it was published, and the hold was lost before the accept"))
        }
    }

    /// What is released, or held at a cancel, comes again with attempt + 1, except where the broker keeps order.
    fileprivate static func countingReleases(_ base: any MessageConsumer) -> FlawedConsumer {
        let held = Observed<[Receipt]>([])
        var consumer = FlawedConsumer.receiving(base) { deliveries in
            held.change { $0 += deliveries.map(\.receipt) }
            return deliveries
        }
        @Sendable func release(_ base: any MessageConsumer, _ receipt: Receipt) async -> SettlementOutcome {
            let outcome = await base.settle(receipt, as: .retry(after: .zero, failure: nil))
            guard case .failed = outcome else { return outcome }
            return await base.settle(receipt, as: .release)
        }
        consumer.settle = { base, settlements in
            held.change { held in held.removeAll { receipt in settlements.contains { $0.receipt == receipt } } }
            var outcomes: [SettlementOutcome] = []
            for settlement in settlements {
                if case .release = settlement.settlement {
                    outcomes.append(await release(base, settlement.receipt))
                } else {
                    outcomes += await base.settle([settlement])
                }
            }
            return outcomes
        }
        consumer.cancel = { base in
            // Only where something is held: whoever waits meanwhile is to hear of the cancel, not of a stop.
            if !held.value.isEmpty { await base.stop() }
            for receipt in held.value where base.holds(receipt) { _ = await release(base, receipt) }
            await base.cancel()
        }
        return consumer
    }
}
