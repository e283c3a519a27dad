import Messaging

/// A deduplication store with one flaw; what is nil it does right.
struct FlawedStore: DeduplicationStore {
    typealias Begin = @Sendable (DeduplicationKey, DeduplicationHolder, Duration) async throws -> DeduplicationState
    typealias Renew = @Sendable (DeduplicationKey, DeduplicationHolder, Duration) async throws -> Bool
    typealias Finish = @Sendable (DeduplicationKey, DeduplicationHolder, DeduplicationRetention) async throws -> Void
    typealias Free = @Sendable (DeduplicationKey, DeduplicationHolder) async throws -> Void

    private let base: any DeduplicationStore
    private let beginning: Begin?
    private let renewing: Renew?
    private let finishing: Finish?
    private let freeing: Free?

    init(
        _ base: any DeduplicationStore, begin: Begin? = nil, renew: Renew? = nil, finish: Finish? = nil,
        free: Free? = nil
    ) {
        self.base = base
        beginning = begin
        renewing = renew
        finishing = finish
        freeing = free
    }

    func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> DeduplicationState {
        if let beginning { return try await beginning(key, holder, lease) }
        return try await base.begin(key, by: holder, for: lease)
    }

    func renew(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> Bool {
        if let renewing { return try await renewing(key, holder, lease) }
        return try await base.renew(key, by: holder, for: lease)
    }

    func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async throws {
        if let finishing { return try await finishing(key, holder, retention) }
        try await base.finish(key, by: holder, keeping: retention)
    }

    func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async throws {
        if let freeing { return try await freeing(key, holder) }
        try await base.free(key, by: holder)
    }
}
