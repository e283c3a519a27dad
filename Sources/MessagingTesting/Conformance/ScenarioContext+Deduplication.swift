package import Messaging
package import MessagingHub
import MessagingReliability

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
