import Messaging
import MessagingReliability

/// A deduplication store in memory that writes down what it is told, and throws or answers otherwise as a test says.
final class ScriptedStore: DeduplicationStore {
    enum Call: Hashable, Sendable {
        case begin
        case renew
        case finish
        case free
    }

    let memory: MemoryDeduplicationStore
    let calls = Recorder<Call>()
    private let answer: @Sendable (Call) throws -> DeduplicationState?

    init(
        on time: any TimeSource = SystemTime.shared,
        _ answer: @escaping @Sendable (Call) throws -> DeduplicationState? = { _ in nil }
    ) {
        memory = MemoryDeduplicationStore(on: time)
        self.answer = answer
    }

    func count(_ call: Call) -> Int { calls.all.count { $0 == call } }

    func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> DeduplicationState {
        calls.add(.begin)
        if let said = try answer(.begin) { return said }
        return await memory.begin(key, by: holder, for: lease)
    }

    func renew(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> Bool {
        calls.add(.renew)
        if try answer(.renew) != nil { return false }
        return await memory.renew(key, by: holder, for: lease)
    }

    func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async throws {
        calls.add(.finish)
        _ = try answer(.finish)
        await memory.finish(key, by: holder, keeping: retention)
    }

    func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async throws {
        calls.add(.free)
        _ = try answer(.free)
        await memory.free(key, by: holder)
    }
}
