import Messaging

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
