import Messaging

/// A store that counts how often it was asked for a key, and how often leases were renewed.
struct CountedLeases: DeduplicationStore {
    let asked: Observed<Int>
    let renewed: Observed<Int>
    private let base: any DeduplicationStore

    init(_ base: any DeduplicationStore, on time: any TimeSource) {
        self.base = base
        asked = Observed(0, on: time)
        renewed = Observed(0, on: time)
    }

    func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> DeduplicationState {
        let answer = try await base.begin(key, by: holder, for: lease)
        asked.change { $0 += 1 }
        return answer
    }

    func renew(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> Bool {
        let answer = try await base.renew(key, by: holder, for: lease)
        renewed.change { $0 += 1 }
        return answer
    }

    func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async throws { try await base.finish(key, by: holder, keeping: retention) }

    func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async throws {
        try await base.free(key, by: holder)
    }
}
