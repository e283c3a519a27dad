package import Messaging
package import MessagingHub
package import MessagingReliability

extension ScenarioContext {
    /// An empty store of the harness.
    package func deduplicationStore(on clock: (any TimeSource)? = nil) -> any DeduplicationStore {
        harness.deduplicationStore(on: clock ?? time)
    }

    /// Runs a hub that deduplicates with a store, while `body` does.
    package func withDeduplicatingHub<Value: Sendable>(
        at place: Place, on clock: (any TimeSource)? = nil, with store: any DeduplicationStore,
        grace: Duration = .seconds(5), over decorated: (any MessageBroker) -> any MessageBroker = { $0 },
        route edit: (inout RouteConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (MessageHub) async throws -> Value
    ) async throws -> Value {
        _ = deadLetters(of: place)
        return try await withHub(
            at: place, on: clock, grace: grace, over: decorated, remembering: store,
            route: { route in
                route.deduplicate = DeduplicationPolicy()
                edit(&route)
            }, body)
    }

    /// Runs two hubs, each in a process of its own, that share a store.
    package func withHubs<Value: Sendable>(
        at place: Place, on clock: (any TimeSource)? = nil, sharing store: any DeduplicationStore,
        _ body: @escaping @Sendable (MessageHub, MessageHub) async throws -> Value
    ) async throws -> Value {
        try await withDeduplicatingHub(at: place, on: clock, with: store) { one in
            try await self.withDeduplicatingHub(at: place, on: clock, with: store) { other in
                try await body(one, other)
            }
        }
    }

    /// Waits until a condition holds; false when it did not within the patience.
    package func holds(_ condition: () -> Bool) async throws -> Bool {
        let end = time.uptime + patience
        while !condition() {
            if time.uptime >= end { return false }
            try await time.sleep(for: .milliseconds(1))
        }
        return true
    }
}

/// A broker to which accepts are said and do not get: what it is for a process that dies before it has said them.
final class LostAccepts: BrokerDecorator {
    let base: any MessageBroker
    private let lost: Observed<Int>

    init(_ base: any MessageBroker, _ lost: Observed<Int>) {
        self.base = base
        self.lost = lost
    }

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        Consumer(base: try await base.subscribe(subscription), lost: lost)
    }

    private struct Consumer: ConsumerDecorator {
        let base: any MessageConsumer
        let lost: Observed<Int>

        func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
            var outcomes: [SettlementOutcome] = []
            for item in settlements { outcomes.append(await settle(item.receipt, as: item.settlement)) }
            return outcomes
        }

        func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
            guard case .accept = settlement else { return await base.settle(receipt, as: settlement) }
            lost.change { $0 += 1 }
            return .settled
        }
    }
}

/// The store as a process sees it that dies with its leases: it begins, and says nothing ever after.
struct DyingHolder: DeduplicationStore {
    private let base: any DeduplicationStore

    init(_ base: any DeduplicationStore) { self.base = base }

    func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> DeduplicationState { try await base.begin(key, by: holder, for: lease) }

    func renew(_ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration) async -> Bool { true }
    func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async {}
    func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async {}
}

/// A store that counts how often leases were renewed.
struct CountedRenewals: DeduplicationStore {
    let count: Observed<Int>
    private let base: any DeduplicationStore

    init(_ base: any DeduplicationStore, on time: any TimeSource) {
        self.base = base
        count = Observed(0, on: time)
    }

    func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> DeduplicationState { try await base.begin(key, by: holder, for: lease) }

    func renew(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> Bool {
        let answer = try await base.renew(key, by: holder, for: lease)
        count.change { $0 += 1 }
        return answer
    }

    func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async throws { try await base.finish(key, by: holder, keeping: retention) }

    func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async throws {
        try await base.free(key, by: holder)
    }
}
