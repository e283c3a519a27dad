/// Remembers which messages were handled, and which are being handled now: by lease, so that a process that died with a
/// message takes nothing with it.
///
/// A key is free, leased, or done. `begin` takes a free one, or one whose lease is over; `finish` makes it done, after
/// the handler has succeeded and not before; `free` gives it back, after the handler has failed. Whoever dies does
/// neither, and its lease ends by itself.
///
/// What a store must hold:
/// - Keys are compared whole, byte by byte; `DeduplicationKey.text` is one text of the whole key.
/// - Of many that begin one key at the same time exactly one is told `.fresh`.
/// - A lease is never forgotten to make room; done keys may be, the oldest first.
/// - Every call does its work also when the calling task is cancelled, and throws within bounded time where it cannot.
///
/// Throwing is always safe: the hub then waits, and calls no message a duplicate.
public protocol DeduplicationStore: Sendable {
    /// Takes a key for as long as the lease, or says why not.
    func begin(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration
    ) async throws -> DeduplicationState
    /// Lets the lease of this holder begin anew; false when it has none, because it ended and was forgotten or taken.
    func renew(_ key: DeduplicationKey, by holder: DeduplicationHolder, for lease: Duration) async throws -> Bool
    /// The work is done: until the retention is over, `begin` answers `.done`. Whoever has the lease by now, it ends.
    func finish(
        _ key: DeduplicationKey, by holder: DeduplicationHolder, keeping retention: DeduplicationRetention
    ) async throws
    /// The work has failed: the lease of this holder ends now. Changes nothing where it has none, and never a key that
    /// is done.
    func free(_ key: DeduplicationKey, by holder: DeduplicationHolder) async throws
    /// How many done keys it has forgotten to make room, since it was made. It must not block. Default: 0, for a store that
    /// does not count them.
    var evictedCount: Int { get }
    /// Whether it forgets everything when this process ends, so that what it has promised ends too. Default: it does.
    var endsWithProcess: Bool { get }
}

extension DeduplicationStore {
    /// None that it knows of.
    public var evictedCount: Int { 0 }
    /// It does.
    public var endsWithProcess: Bool { true }
}

/// What a store says of a key that somebody wants to begin.
public enum DeduplicationState: Hashable, Sendable {
    /// It was free, and is now leased to who asked.
    case fresh
    /// Its work has been done.
    case done
    /// Somebody else has it; if that one does not renew it, its lease has this long to go.
    case busy(for: Duration)
}

/// Who has a lease: one run of one handler in one process.
public struct DeduplicationHolder: Hashable, Sendable, CustomStringConvertible {
    private let id: MessageID

    /// One that no other process and no other run has.
    public init() { id = MessageID() }

    /// 26 letters and digits.
    public var description: String { id.description }
}

/// How long done keys are kept, and how many.
public struct DeduplicationRetention: Hashable, Sendable {
    /// How long, from when it was done.
    public var window: Duration
    /// How many of one route and broker; beyond that the oldest go first.
    public var maximumKeys: Int

    /// For so long, and so many.
    public init(window: Duration, maximumKeys: Int) {
        self.window = window
        self.maximumKeys = maximumKeys
    }
}
