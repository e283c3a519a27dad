import Messaging

/// What was promised last, and that it is to be computed again: a broker is there again, and may keep less than it did.
final class PromiseWatch: Sendable {
    /// Something for which something is promised: a route, or a subscription of the configuration.
    struct Subject: Hashable, Sendable {
        /// What it is, as a log names it.
        let kind: String
        /// Its name.
        let name: String
    }

    /// One ring for any number of reasons to compute again; ends with `close`.
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let last = Lock<[Subject: Promise]?>(nil)

    init() { (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// It is to be computed again. Does not block.
    func ring() { bell.yield() }

    /// Nothing is computed any more.
    func close() { bell.finish() }

    /// Whether something has been promised yet.
    var hasBegun: Bool { last.withLock { $0 != nil } }

    /// Takes what is promised now, for what was before; nil where that is the first time.
    func exchange(_ promises: [Subject: Promise]) -> [Subject: Promise]? {
        last.withLock { last in
            defer { last = promises }
            return last
        }
    }
}

/// What is to be said of a promise that was computed again. Pure.
struct PromiseChange: Sendable {
    /// What was promised before; nil: this is the first time.
    let before: Promise?
    let now: Promise
    /// What is asked for; nil: nothing.
    let asked: Guarantee?

    /// Whether less is promised than is asked for.
    var isShort: Bool { asked.map { now.guarantee < $0 } ?? false }

    /// How grave it is; nil: nothing has changed.
    var level: LogRecord.Level? {
        if now == before { return nil }
        if isShort { return .error }
        return isWeaker ? .warning : .info
    }

    /// What has happened, in words.
    var message: String {
        if isShort { return "guarantee lower than asked for" }
        return isWeaker ? "guarantee lowered" : "guarantee computed"
    }

    /// Why it is no more; where it is less than is asked for, with the remedies.
    var reasons: [String] {
        guard isShort, let asked else { return now.reasons.map(\.sentence) }
        return now.shortfalls(below: asked).map { "\($0.sentence); \($0.remedy)" }
    }

    private var isWeaker: Bool {
        guard let before else { return false }
        if now.guarantee != before.guarantee { return now.guarantee < before.guarantee }
        let order = now.order != before.order && now.order.weaker(before.order) == now.order
        return order || now.endsWithProcess && !before.endsWithProcess
    }
}
