import Messaging
import MessagingReliability

/// A delivery between the worker that holds it and the program that handles it. The first answer counts.
final class DeliveryOffer: Sendable {
    typealias Handler = @Sendable (Delivery) async throws -> Void

    private enum State: Sendable {
        case open
        case handling(Handler, hasBegun: Bool)
        case abandoned
        case givenBack
        case closed
    }

    let delivery: Delivery
    /// Fires when whoever handles it was cancelled.
    let abandoned = Signal()
    /// How its run ended, once what follows from that is done; nil where none did.
    let conclusion = Waiter<RunResult?>()
    private let answer = Waiter<Void>()
    private let state = Lock(State.open)

    init(_ delivery: Delivery) { self.delivery = delivery }

    /// Whether whoever handles it was cancelled.
    var isAbandoned: Bool { if case .abandoned = state.withLock({ $0 }) { true } else { false } }

    /// Waits for the answer: true where it is handled, false where it is to be given back.
    func isHandled(on time: any TimeSource) async -> Bool {
        if case .cancelled = await answer.wait(on: time) { giveBack() }
        return state.withLock { state in
            switch state {
            case .handling, .abandoned: true
            case .open, .givenBack, .closed: false
            }
        }
    }

    /// It is handled with this. False when it was given back before; throws when it was handled, or its scope has ended.
    func begin(_ handler: @escaping Handler) throws(BrokerError) -> Bool {
        let before = state.withLock { state in
            defer { if case .open = state { state = .handling(handler, hasBegun: false) } }
            return state
        }
        switch before {
        case .open:
            answer.resolve(())
            return true
        case .givenBack: return false
        case .handling, .abandoned:
            throw BrokerError(.invalidArgument, "message \(delivery.message.id) was handled before; handle it once")
        case .closed:
            let sentence = "message \(delivery.message.id) was given back when its scope ended; handle it within"
            throw .ended(.stopped, sentence)
        }
    }

    /// What it is handled with, now that its run begins, or goes on; nil where whoever handles it was cancelled.
    func start() -> Handler? {
        state.withLock { state in
            guard case .handling(let handler, _) = state else { return nil }
            state = .handling(handler, hasBegun: true)
            return handler
        }
    }

    /// Whoever handles it was cancelled: its handler is, too, and where that was not begun there is nothing to wait for.
    func abandon() {
        let hasBegun = state.withLock { state in
            guard case .handling(_, let hasBegun) = state else { return true }
            state = .abandoned
            return hasBegun
        }
        abandoned.fire()
        if !hasBegun { conclusion.resolve(.interrupted) }
    }

    /// It goes back, unless it is handled. `forGood`: with its scope.
    func giveBack(forGood: Bool = false) {
        state.withLock { state in
            if case .open = state { state = forGood ? .closed : .givenBack }
        }
        answer.resolve(())
    }
}
