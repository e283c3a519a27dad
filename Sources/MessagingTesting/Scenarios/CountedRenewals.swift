import Messaging

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
