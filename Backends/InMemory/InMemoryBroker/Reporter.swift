import Messaging

/// Tells a connection's owner of its events, one after the other in the order in which they happened, whichever threads they
/// happened on.
final class Reporter: Sendable {
    private struct State: Sendable {
        var events = RingBuffer<BrokerEvent>()
        var isTelling = false
    }

    private let state = Lock(State())
    private let tell: @Sendable (BrokerEvent) -> Void

    init(_ tell: @escaping @Sendable (BrokerEvent) -> Void = { _ in }) { self.tell = tell }

    /// Adds an event, under the server's lock.
    func add(_ event: BrokerEvent) { state.withLock { $0.events.append(event) } }

    /// Tells what was added, unless another thread is at it: that goes on with it.
    func deliver() {
        while let event = next() {
            tell(event)
            state.withLock { $0.isTelling = false }
        }
    }

    private func next() -> BrokerEvent? {
        state.withLock { state in
            guard !state.isTelling, let event = state.events.popFirst() else { return nil }
            state.isTelling = true
            return event
        }
    }
}
