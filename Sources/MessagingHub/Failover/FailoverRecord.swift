import Messaging

/// Which of two brokers is published to, and what the second has done so far. Each change is told once, in its turn.
final class FailoverRecord: Sendable {
    private struct State: Sendable {
        var use = FailoverBroker.Use.primary
        var diverted = 0
        var changes = 0
        /// Changes of which nobody has been told yet, and whether somebody is telling.
        var untold: [FailoverBroker.Use] = []
        var isTelling = false
    }

    private let changed: @Sendable (FailoverBroker.Use) -> Void
    private let state = Lock(State())

    init(_ changed: @escaping @Sendable (FailoverBroker.Use) -> Void) { self.changed = changed }

    /// Which is published to.
    var use: FailoverBroker.Use { state.withLock { $0.use } }
    /// How many messages the second has confirmed.
    var diverted: Int { state.withLock { $0.diverted } }
    /// How often the second had to step in.
    var changes: Int { state.withLock { $0.changes } }

    /// The second has confirmed so many.
    func divert(_ count: Int) { state.withLock { $0.diverted += count } }

    /// From now on this one, where that is a change and is still so.
    func turn(to use: FailoverBroker.Use, where isSo: () -> Bool) {
        let isTeller = state.withLock { state in
            guard state.use.isFallback != use.isFallback, isSo() else { return false }
            state.use = use
            if use.isFallback { state.changes += 1 }
            state.untold.append(use)
            defer { state.isTelling = true }
            return !state.isTelling
        }
        guard isTeller else { return }
        while let use = nextUntold() { changed(use) }
    }

    private func nextUntold() -> FailoverBroker.Use? {
        state.withLock { state in
            if state.untold.isEmpty { state.isTelling = false }
            return state.untold.isEmpty ? nil : state.untold.removeFirst()
        }
    }
}
