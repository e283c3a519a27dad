/// How long a run may take. Whoever runs leaves a mark of when it began; a watchdog reads the marks now and then.
///
/// A mark costs a store, where a race of two tasks costs thousands of instructions for each message.
public struct Timeout: Hashable, Sendable {
    /// How long a run may take.
    public var limit: Duration

    /// A limit for each run.
    public init(_ limit: Duration) { self.limit = limit }

    /// The runs whose time is up, by their place in `marks`. A mark is the moment at which a run began; nil: none runs.
    public func expired(_ marks: [Duration?], at now: Duration) -> [Int] {
        marks.indices.filter { index in marks[index].map { now - $0 >= limit } ?? false }
    }

    /// When the next run's time is up that is not up yet; nil when none runs.
    public func nextExpiry(_ marks: [Duration?], after now: Duration) -> Duration? {
        marks.compactMap { $0 }.filter { now - $0 < limit }.min().map { $0 + limit }
    }
}
