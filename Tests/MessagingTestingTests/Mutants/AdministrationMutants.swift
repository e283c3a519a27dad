import Messaging
import MessagingTesting

extension Mutant {
    /// Flaws of administration.
    static let administrations: [Mutant] = administration + depths

    /// Flaws of declaring, of looking at what there is, and of emptying it.
    static let administration: [Mutant] = [
        Mutant(
            "a declaration beside another one of the same destination fails",
            caughtBy: [.init(52, "process … of 20 that started at once was told: brokerFailure")],
            spoiling: [19, 22, 69, 90, 101], byChance: [91],
            for: [.queue, .stream]
        ) {
            let declaring = Observed<Set<Destination>>([])
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                let destinations = declarations.map(\.destination)
                let isAlone = declaring.change { declaring in
                    defer { declaring.formUnion(destinations) }
                    return declaring.isDisjoint(with: destinations)
                }
                if !isAlone { throw BrokerError(.brokerFailure, "another process is declaring this") }
                try await SystemTime.shared.sleep(for: .milliseconds(30))
                declaring.change { $0.subtract(destinations) }
                try await broker.declare(declarations)
            }
            return flaw
        },
        Mutant(
            "who declares second is told of a conflict",
            caughtBy: [
                .init(52, "process … of 20 that started at once was told: conflict"),
                .init(96, "conflict: it exists; delete it"),
            ],
            spoiling: [
                2, 12, 16, 17, 18, 19, 20, 21, 22, 55, 56, 57, 59, 73, 75, 77, 80, 88, 90, 91, 92, 93, 94, 100, 101,
            ], for: [.queue, .stream]
        ) {
            let declared = Observed<Set<Destination>>([])
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                for declaration in declarations {
                    let isFirst = declared.change { $0.insert(declaration.destination).inserted }
                    if !isFirst, declaration.destination.topic.name.hasSuffix("place") {
                        throw BrokerError(.conflict, "it exists; delete it, or use it as it is")
                    }
                }
                try await broker.declare(declarations)
            }
            return flaw
        },
        Mutant(
            "who creates beside another empties what that one has made",
            caughtBy: [.init(52, "what 20 of 20 processes share: … is missing")], for: [.queue]
        ) {
            let count = Observed(0)
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                var missing: [Destination] = []
                for destination in declarations.map(\.destination) {
                    let depth = try? await broker.topology?.depth(of: destination, group: nil)
                    if depth == nil { missing.append(destination) }
                }
                let number = count.change { count in
                    count += 1
                    return count
                }
                if !missing.isEmpty {
                    try await SystemTime.shared.sleep(for: .milliseconds(number.isMultiple(of: 2) ? 20 : 1))
                }
                try await broker.declare(declarations)
                for destination in missing { _ = try? await broker.topology?.purge(destination) }
            }
            return flaw
        },
        Mutant(
            "of those that subscribe at once only one receives",
            caughtBy: [.init(52, "what 1 of 20 processes share: … is missing")], for: [.pubSub]
        ) {
            let subscribing = Observed(0)
            var flaw = Flaw()
            flaw.subscribe = { broker, subscription in
                let consumer = FlawedConsumer(base: try await broker.subscribe(subscription))
                if subscription.kind != .pubSub { return consumer }
                let isAlone = subscribing.change { count in
                    count += 1
                    return count == 1
                }
                try await SystemTime.shared.sleep(for: .milliseconds(5))
                subscribing.change { $0 -= 1 }
                return isAlone ? consumer : FlawedConsumer.receiving(consumer) { _ in [] }
            }
            return flaw
        },
        Mutant(
            "a declaration makes anew what exists",
            caughtBy: [.init(96, "declaring again took away what was held")],
            spoiling: [
                2, 16, 17, 18, 19, 20, 21, 22, 52, 55, 56, 57, 69, 73, 77, 88, 90, 91, 92, 93, 94, 95, 100, 101,
            ],
            for: [.queue, .stream]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                for declaration in declarations { try? await broker.topology?.delete(declaration.destination) }
                try await broker.declare(declarations)
            }
            return flaw
        },
        Mutant(
            "a declaration empties a queue that exists",
            caughtBy: [.init(96, "received 0 of 1 from …, and then none for 1500ms")],
            spoiling: [16, 19, 20, 21, 52, 88, 93, 100, 101], for: [.queue]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                try await broker.declare(declarations)
                for declaration in declarations where declaration.destination.kind == .queue {
                    _ = try await broker.topology?.purge(declaration.destination)
                }
            }
            return flaw
        },
        Mutant(
            "a declaration begins a group anew",
            caughtBy: [.init(96, "declaring again took away what was held")],
            spoiling: [2, 16, 18, 20, 21, 22, 52, 55, 59, 69, 73, 77, 90, 91, 92, 93, 94, 95, 100, 101], for: [.stream]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                for declaration in declarations {
                    for group in declaration.groups.keys {
                        try? await broker.topology?.delete(group, of: declaration.destination)
                    }
                }
                try await broker.declare(declarations)
            }
            return flaw
        },
        Mutant(
            "a declaration that asks for something else is taken, and ignored",
            caughtBy: [.init(96, "a declaration that asked for another length succeeded")], for: [.queue, .stream]
        ) {
            var flaw = Flaw()
            flaw.declare = { broker, declarations in
                do { try await broker.declare(declarations) } catch let error as BrokerError {
                    guard error.code == .conflict, error.sentence.contains("maximum") else { throw error }
                }
            }
            return flaw
        },
        Mutant(
            "a conflict is called a failure of the broker",
            caughtBy: [.init(96, "asking for another length was answered brokerFailure")], spoiling: [55],
            for: [.queue, .stream]
        ) {
            .ofConflicts { BrokerError(.brokerFailure, $0) }
        },
        Mutant(
            "a conflict does not say what is",
            caughtBy: [.init(96, "the conflict of another length does not say 1234")], for: [.queue, .stream]
        ) {
            .ofConflicts { BrokerError(.conflict, $0.replacing("1234", with: "something")) }
        },
        Mutant(
            "a conflict does not say what was asked",
            caughtBy: [.init(96, "the conflict of another length does not say 5678")], for: [.queue, .stream]
        ) {
            .ofConflicts { BrokerError(.conflict, $0.replacing("5678", with: "something")) }
        },
        Mutant(
            "a conflict does not say what to do",
            caughtBy: [.init(96, "the conflict of another length does not say what to do")], for: [.queue, .stream]
        ) {
            .ofConflicts { BrokerError(.conflict, String($0.split(separator: ";").first ?? "")) }
        },
        Mutant(
            "a conflict with a filter does not say which",
            caughtBy: [.init(96, "the conflict of another filter does not say crimson")], for: [.stream]
        ) {
            .ofConflicts { BrokerError(.conflict, $0.replacing("crimson", with: "something")) }
        },
    ]

    /// Flaws of depth and purge.
    static let depths: [Mutant] = [
        Mutant(
            "depth does not count what waits for its time",
            caughtBy: [.init(97, "depth after one was retried in an hour is 4 waiting")],
            for: [.queue, .stream]
        ) {
            .notCountingRetries
        },
        Mutant(
            "depth counts what is held as waiting too",
            caughtBy: [.init(97, "depth while 3 are held is 6 waiting, 3 held")], spoiling: [98],
            for: [.queue, .stream]
        ) {
            .ofDepth { depth, _ in depth.waiting += depth.held ?? 0 }
        },
        Mutant(
            "depth counts nothing as held",
            caughtBy: [.init(97, "depth while 3 are held is 3 waiting, 0 held")], spoiling: [98],
            for: [.queue, .stream]
        ) {
            .ofDepth { depth, _ in depth.held = 0 }
        },
        Mutant(
            "depth does not say how many are held",
            caughtBy: [.init(97, "depth before anything was published is 0 waiting, nobody knows how many held")],
            spoiling: [98], for: [.queue, .stream]
        ) {
            .ofDepth { depth, _ in depth.held = nil }
        },
        Mutant(
            "depth counts every consumer there ever was",
            caughtBy: [.init(97, "depth while two consumers hold one each is 3 waiting, 2 held, 3 consumers")],
            for: [.queue, .stream]
        ) {
            let count = Observed(0)
            var flaw = Flaw.ofConsumer { base, _, _ in
                count.change { $0 += 1 }
                return FlawedConsumer(base: base)
            }
            flaw.topology = { broker in
                broker.topology.map { FlawedDepth(base: $0) { depth, _ in depth.consumers = count.value } }
            }
            return flaw
        },
        Mutant(
            "the lag of a group is that of another",
            caughtBy: [.init(97, "depth of a group that has read nothing is 1 waiting")], for: [.stream]
        ) {
            let first = Observed<[Destination: GroupName]>([:])
            return .ofTopology { base in OneLag(base: base, first: first) }
        },
        Mutant(
            "the oldest is said to be younger with each question",
            caughtBy: [.init(97, "the oldest is said to be ")], for: [.stream]
        ) {
            .ofDepth { depth, asked in depth.oldest = depth.oldest.map { _ in SystemTime.shared.now + .seconds(asked) }
            }
        },
        Mutant(
            "it is not said when the oldest arrived",
            caughtBy: [.init(97, "it is not said when the oldest of 6 that wait arrived")], for: [.stream]
        ) {
            .ofDepth { depth, _ in depth.oldest = nil }
        },
        Mutant(
            "purge removes nothing, and says that it did",
            caughtBy: [.init(98, "after a purge 4 wait and 3 are held, not 0 and 3")], for: [.queue]
        ) {
            .ofTopology { base in
                FlawedPurge(base: base) { base, destination in
                    try await base.depth(of: destination, group: nil).waiting
                }
            }
        },
        Mutant(
            "purge does not say how many it removed",
            caughtBy: [.init(98, "purge said that it removed 0, not 4")], for: [.queue]
        ) {
            .ofTopology { base in
                FlawedPurge(base: base) { base, destination in
                    _ = try await base.purge(destination)
                    return 0
                }
            }
        },
        Mutant(
            "purge removes what is held too",
            caughtBy: [.init(98, "after a purge 0 wait and 0 are held, not 0 and 3")], for: [.queue]
        ) {
            var flaw = Flaw()
            flaw.topology = { broker in
                broker.topology.map { base in
                    FlawedPurge(base: base) { base, destination in
                        let waiting = try await base.depth(of: destination, group: nil).waiting
                        try await base.delete(destination)
                        try await broker.declare([DestinationDeclaration(destination)])
                        return waiting
                    }
                }
            }
            return flaw
        },
    ]
}

extension Flaw {
    /// A depth without what was retried, which is odd where it is not to be counted, and wrong elsewhere.
    static var notCountingRetries: Flaw {
        let retried = Observed<[GroupName?: Int]>([:])
        var flaw = Flaw.ofConsumer { base, _, subscription in
            var consumer = FlawedConsumer(base: base)
            consumer.settle = { base, settlements in
                let count = settlements.count { if case .retry = $0.settlement { true } else { false } }
                retried.change { $0[subscription.group, default: 0] += count }
                return await base.settle(settlements)
            }
            return consumer
        }
        flaw.topology = { broker in broker.topology.map { UncountedRetries(base: $0, retried: retried) } }
        return flaw
    }

    /// A flaw of the error that explains a conflict.
    fileprivate static func ofConflicts(_ edit: @escaping @Sendable (String) -> BrokerError) -> Flaw {
        var flaw = Flaw()
        flaw.declare = { broker, declarations in
            do { try await broker.declare(declarations) } catch let error as BrokerError {
                throw error.code == .conflict ? edit(error.sentence) : error
            }
        }
        return flaw
    }

    /// A flaw of what depth says; `edit` is told how often it was asked.
    fileprivate static func ofDepth(_ edit: @escaping @Sendable (inout DestinationDepth, Int) -> Void) -> Flaw {
        .ofTopology { FlawedDepth(base: $0, edit: edit) }
    }
}

/// Changes what depth says.
private struct FlawedDepth: TopologyDecorator {
    let base: any TopologyAdministration
    let edit: @Sendable (inout DestinationDepth, Int) -> Void
    private let asked = Observed(0)

    init(base: any TopologyAdministration, edit: @escaping @Sendable (inout DestinationDepth, Int) -> Void) {
        self.base = base
        self.edit = edit
    }

    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        var depth = try await base.depth(of: destination, group: group)
        let number = asked.change { asked in
            asked += 1
            return asked
        }
        edit(&depth, number)
        return depth
    }
}

/// Leaves out of a depth what was retried.
private struct UncountedRetries: TopologyDecorator {
    let base: any TopologyAdministration
    let retried: Observed<[GroupName?: Int]>

    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        var depth = try await base.depth(of: destination, group: group)
        depth.waiting -= retried.value[group] ?? 0
        return depth
    }
}

/// Says of every group what is true of the one that was asked for first.
private struct OneLag: TopologyDecorator {
    let base: any TopologyAdministration
    let first: Observed<[Destination: GroupName]>

    func depth(of destination: Destination, group: GroupName?) async throws(BrokerError) -> DestinationDepth {
        let first = first.change { first in
            if first[destination] == nil { first[destination] = group }
            return first[destination]
        }
        return try await base.depth(of: destination, group: first)
    }
}

/// Purges in its own way.
private struct FlawedPurge: TopologyDecorator {
    let base: any TopologyAdministration
    let empty: @Sendable (any TopologyAdministration, Destination) async throws -> Int

    func purge(_ destination: Destination) async throws(BrokerError) -> Int {
        do { return try await empty(base, destination) } catch {
            throw error as? BrokerError ?? BrokerError(.brokerFailure, "\(error)")
        }
    }
}
