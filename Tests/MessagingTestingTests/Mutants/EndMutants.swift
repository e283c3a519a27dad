import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of ends and of what is gone.
    static let ends: [Mutant] = ending + bounded + gone

    /// Flaws of how a consumer ends.
    static let ending: [Mutant] =
        silent + [
            Mutant(
                "a consumer whose destination was deleted is told that the broker ended it",
                caughtBy: [.init(44, "and gave the reason broker, not deleted")], spoiling: [87],
                for: [.queue, .stream]
            ) {
                .ofEnds { error in error.endReason == .deleted ? .ended(.broker, error.sentence) : error }
            },
            Mutant(
                "a consumer that ends is not told why",
                caughtBy: [.init(44, "and gave no reason, not stopped")], spoiling: [60, 87]
            ) {
                .ofEnds { error in BrokerError(error.code, error.sentence) }
            },
            Mutant(
                "a consumer says that it has ended only once",
                caughtBy: [.init(44, "a receive after stop returned 0 deliveries instead of throwing ended")],
                spoiling: [60, 75]
            ) {
                .ofConsumer { base, _, _ in
                    let isTold = Observed(false)
                    return .receivingSo(base) { base, limit, wait in
                        if isTold.value { return [] }
                        do { return try await base.receive(upTo: limit, within: wait) } catch let error as BrokerError {
                            if error.code == .ended { isTold.change { $0 = true } }
                            throw error
                        }
                    }
                }
            },
            Mutant(
                "a group is said to be deleted, and goes on",
                caughtBy: [
                    .init(
                        44,
                        "a receive that waited during deleting its group returned 1 deliveries instead of throwing ended"
                    )
                ], for: [.stream]
            ) {
                .ofTopology { GroupKeeper(base: $0) }
            },
            Mutant(
                "a group is deleted with the whole stream",
                caughtBy: [.init(44, "were not confirmed: noSuchDestination")], for: [.stream]
            ) {
                .ofTopology { StreamDeleter(base: $0) }
            },
        ]

    private static let silent: [Mutant] = BrokerError.EndReason.silenced.map { reason, kinds, what, spoilt in
        Mutant(
            "a consumer that has ended as \(reason.rawValue) receives nothing for ever",
            caughtBy: [.init(44, "\(what) returned 0 deliveries instead of throwing ended")],
            spoiling: spoilt, for: kinds
        ) {
            .ofEnds { error in error.endReason == reason ? nil : error }
        }
    }

    /// Flaws of reading up to an end.
    static let bounded: [Mutant] = [
        Mutant(
            "a subscription until the end ends when everything was handed out",
            caughtBy: [.init(60, "a subscription until the end threw ended")], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, subscription in
                guard subscription.until == .end else { return FlawedConsumer(base: base) }
                return .receivingSo(base) { base, limit, wait in
                    let deliveries = try await base.receive(upTo: limit, within: min(wait, .milliseconds(100)))
                    if deliveries.isEmpty { throw BrokerError.ended(.reachedEnd, "everything was handed out") }
                    return deliveries
                }
            }
        },
        Mutant(
            "a subscription until the end goes on with what came later",
            caughtBy: [.init(60, "a subscription until the end had not ended")], spoiling: [44], for: [.queue, .stream]
        ) {
            .endless(reason: .reachedEnd)
        },
        Mutant(
            "a subscription until the end says that the broker ended it",
            caughtBy: [
                .init(60, "a subscription whose end is reached threw ended"),
                .init(44, "and gave the reason broker, not reachedEnd"),
            ], for: [.queue, .stream]
        ) {
            .ofEnds { error in error.endReason == .reachedEnd ? .ended(.broker, error.sentence) : error }
        },
        Mutant(
            "a subscription until the end forgets what is retried",
            caughtBy: [.init(60, "a subscription until the end threw ended")], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, subscription in
                guard subscription.until == .end else { return FlawedConsumer(base: base) }
                let isRetried = Observed(false)
                var consumer = FlawedConsumer.receivingSo(base) { base, limit, wait in
                    if isRetried.value { throw BrokerError.ended(.reachedEnd, "what is retried is forgotten") }
                    return try await base.receive(upTo: limit, within: wait)
                }
                consumer.settle = { base, settlements in
                    let outcomes = await base.settle(settlements)
                    if settlements.contains(where: { if case .retry = $0.settlement { true } else { false } }) {
                        isRetried.change { $0 = true }
                    }
                    return outcomes
                }
                return consumer
            }
        },
        Mutant(
            "a subscription until the end does not notice that another settled the last",
            caughtBy: [.init(60, "a receive that waited for the end returned 0 deliveries")], for: [.queue, .stream]
        ) {
            .ofConsumer { base, _, subscription in
                guard subscription.until == .end else { return FlawedConsumer(base: base) }
                return .receivingSo(base) { base, limit, wait in
                    let there = try await base.receive(upTo: limit, within: .zero)
                    if !there.isEmpty { return there }
                    do { return try await base.receive(upTo: limit, within: wait) } catch { return [] }
                }
            }
        },
        Mutant(
            "a bounded replay goes on with what comes later",
            caughtBy: [.init(60, "a bounded replay read ", .seam)], for: [.stream]
        ) {
            .ofReaders { replay, destination, start, _ in
                try await replay.reader(of: destination, from: start, until: nil)
            }
        },
        Mutant(
            "a bounded replay reads all that is there when it reads",
            caughtBy: [.init(60, "a bounded replay read …, not the three that were there")], for: [.stream]
        ) {
            .ofReaders { replay, destination, start, until in
                guard until == .end else { return try await replay.reader(of: destination, from: start, until: until) }
                return LazyReader { try await replay.reader(of: destination, from: start, until: .end) }
            }
        },
    ]

    /// Flaws of reading from what is gone.
    static let gone: [Mutant] = [
        Mutant(
            "a reader from a position that is gone begins at the first there is",
            caughtBy: [.init(57, "a reader from a position that is gone began with m")], for: [.stream]
        ) {
            .ofReaders { replay, destination, start, until in
                do { return try await replay.reader(of: destination, from: start, until: until) } catch {
                    guard (error as? BrokerError)?.code == .positionGone else { throw error }
                    return try await replay.reader(of: destination, from: .earliest, until: until)
                }
            }
        },
        Mutant(
            "the error of a position that is gone does not say what is the first",
            caughtBy: [.init(57, "the error of a position that is gone does not say what is the first")],
            for: [.stream]
        ) {
            .ofReaders { replay, destination, start, until in
                do { return try await replay.reader(of: destination, from: start, until: until) } catch let error
                    as BrokerError
                {
                    throw error.code == .positionGone ? BrokerError(.positionGone, "that position is gone") : error
                }
            }
        },
        Mutant(
            "the first there is is said to be the one behind it",
            caughtBy: [.init(57, "the first was said to be …, but a reader from earliest began at")], for: [.stream]
        ) {
            .ofReaders { replay, destination, start, until in
                do { return try await replay.reader(of: destination, from: start, until: until) } catch {
                    guard let first = (error as? BrokerError)?.details["first"].flatMap(UInt64.init) else {
                        throw error
                    }
                    let next = String(first + 1)
                    throw BrokerError(.positionGone, "the first is \(next)", details: ["first": next])
                }
            }
        },
        Mutant(
            "a group from a position that is gone begins at the earliest message",
            caughtBy: [.init(57, "a group that was to start at a position that is gone was made")], for: [.stream]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                do { try await broker.declare(declarations) } catch let error as BrokerError {
                    if error.code != .positionGone { throw error }
                    try await broker.declare(declarations.map(\.fromTheEarliest))
                }
            }
            return flaw
        },
        Mutant(
            "a reader whose next message is gone goes on behind the hole",
            caughtBy: [.init(57, "a reader whose next message is gone went on with m")], for: [.stream]
        ) {
            .ofReaders { replay, destination, start, until in
                let base = try await replay.reader(of: destination, from: start, until: until)
                return JumpingReader(base: base, throwsFirst: false) {
                    try await replay.reader(of: destination, from: .earliest, until: until)
                }
            }
        },
        Mutant(
            "a reader that was told that its next message is gone has moved",
            caughtBy: [.init(57, "a reader whose next message is gone went on with m")], for: [.stream]
        ) {
            .ofReaders { replay, destination, start, until in
                let base = try await replay.reader(of: destination, from: start, until: until)
                return JumpingReader(base: base, throwsFirst: true) {
                    try await replay.reader(of: destination, from: .earliest, until: until)
                }
            }
        },
    ]
}

extension BrokerError.EndReason {
    /// Those that a broker may be silent about, for which kinds, where that is noticed, and what it spoils.
    fileprivate static let silenced: [(BrokerError.EndReason, [DestinationKind], String, [Int])] = [
        (.stopped, DestinationKind.allCases, "a receive that waited during stop", [4, 20, 88, 100]),
        (.cancelled, DestinationKind.allCases, "a receive that waited during cancel", [43]),
        (.deleted, [.queue, .stream], "a receive that waited during deleting its destination", [87]),
        (.unauthorized, DestinationKind.allCases, "a receive that waited during taking its permission", [87]),
        (.reachedEnd, [.queue, .stream], "a receive after its end", [60]),
        (.closed, DestinationKind.allCases, "a receive that waited during close", [75]),
    ]
}

extension Flaw {
    /// A flaw of the error that ends a consumer; nil: nothing is thrown.
    fileprivate static func ofEnds(_ edit: @escaping @Sendable (BrokerError) -> BrokerError?) -> Flaw {
        .ofConsumer { base, _, _ in
            .receivingSo(base) { base, limit, wait in
                do { return try await base.receive(upTo: limit, within: wait) } catch let error as BrokerError {
                    guard error.code == .ended else { throw error }
                    if let edited = edit(error) { throw edited }
                    return []
                }
            }
        }
    }

    /// A consumer that is to end there receives on as one that is not.
    fileprivate static func endless(reason: BrokerError.EndReason) -> Flaw {
        .ofConsumer { base, broker, subscription in
            .receivingSo(base) { base, limit, wait in
                do { return try await base.receive(upTo: limit, within: wait) } catch let error as BrokerError {
                    guard error.endReason == reason, subscription.until != nil else { throw error }
                    try await SystemTime.shared.sleep(for: wait)
                    return []
                }
            }
        }
    }

    typealias Reader =
        @Sendable (any Replaying, Destination, StartPosition, Subscription.Until?) async throws -> any ReplayReader

    /// A flaw of the readers of a stream.
    fileprivate static func ofReaders(_ make: @escaping Reader) -> Flaw {
        var flaw = Flaw()
        flaw.replay = { broker in broker.replay.map { FlawedReplay(base: $0, make: make) } }
        return flaw
    }

    /// A flaw of the power over the topology.
    static func ofTopology(
        _ make: @escaping @Sendable (any TopologyAdministration) -> any TopologyAdministration
    ) -> Flaw {
        var flaw = Flaw()
        flaw.topology = { broker in broker.topology.map(make) }
        return flaw
    }
}

extension DestinationDeclaration {
    /// The same, each group from the earliest message.
    fileprivate var fromTheEarliest: DestinationDeclaration {
        var declaration = self
        for name in groups.keys { declaration.groups[name]?.start = .earliest }
        return declaration
    }
}

/// Says that it has deleted a group.
private struct GroupKeeper: TopologyDecorator {
    let base: any TopologyAdministration
    func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {}
}

/// Deletes the stream in place of a group.
private struct StreamDeleter: TopologyDecorator {
    let base: any TopologyAdministration
    func delete(_ group: GroupName, of destination: Destination) async throws(BrokerError) {
        try await base.delete(destination)
    }
}

/// Makes readers in its own way.
private struct FlawedReplay: Replaying {
    let base: any Replaying
    let make: Flaw.Reader

    func reader(
        of destination: Destination, from start: StartPosition, until: Subscription.Until?
    ) async throws(BrokerError) -> any ReplayReader {
        do { return try await make(base, destination, start, until) } catch {
            throw error as? BrokerError ?? BrokerError(.brokerFailure, "\(error)")
        }
    }

    func end(of destination: Destination) async throws(BrokerError) -> Position { try await base.end(of: destination) }
}

/// A reader that is made when it is first read.
private struct LazyReader: ReplayReader {
    private let made = Observed<(any ReplayReader)?>(nil)
    private let make: @Sendable () async throws -> any ReplayReader

    init(_ make: @escaping @Sendable () async throws -> any ReplayReader) { self.make = make }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        do {
            if made.value == nil {
                let reader = try await make()
                made.change { $0 = reader }
            }
            return try await made.value?.receive(upTo: limit, within: wait) ?? []
        } catch {
            throw error as? BrokerError ?? BrokerError(.brokerFailure, "\(error)")
        }
    }

    func cancel() async { await made.value?.cancel() }
}

/// A reader that goes on with another one where its next message is gone.
private struct JumpingReader: ReplayReader {
    private let current: Observed<any ReplayReader>
    private let throwsFirst: Bool
    private let next: @Sendable () async throws -> any ReplayReader

    init(base: any ReplayReader, throwsFirst: Bool, _ next: @escaping @Sendable () async throws -> any ReplayReader) {
        current = Observed(base)
        self.throwsFirst = throwsFirst
        self.next = next
    }

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        do { return try await current.value.receive(upTo: limit, within: wait) } catch {
            guard error.code == .positionGone, let reader = try? await next() else { throw error }
            current.change { $0 = reader }
            if throwsFirst { throw error }
            return try await reader.receive(upTo: limit, within: wait)
        }
    }

    func cancel() async { await current.value.cancel() }
}
