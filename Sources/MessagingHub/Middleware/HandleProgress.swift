import Messaging

/// One run at the inner end of the middlewares: the handler is begun when nothing else of it runs, and not again once it
/// has returned.
final class HandleProgress: Sendable {
    /// How far a run has come.
    enum State: Sendable {
        case notBegun
        case running
        case failed
        case returned
        case over
    }

    private let handler: DeliveryRunner.Handler
    private let place: String
    private let state = Lock(State.notBegun)

    /// `place`: whose middlewares these are, in words.
    init(_ handler: DeliveryRunner.Handler, at place: String) {
        self.handler = handler
        self.place = place
    }

    /// Runs the handler.
    func run(_ delivery: Delivery) async throws -> Handled {
        let before = state.withLock { state in
            defer { if state == .notBegun || state == .failed { state = .running } }
            return state
        }
        switch before {
        case .notBegun, .failed: break
        case .running: throw refusal("called next while the handler ran")
        case .returned: throw refusal("called next again though the handler had returned; it was not run again")
        case .over: throw refusal("called next after its run")
        }
        // Once the run is over, what becomes of the handler changes nothing any more.
        do {
            let forwarded = try await handler(delivery)
            state.withLock { if $0 == .running { $0 = .returned } }
            return Handled(forwarded: forwarded, progress: self)
        } catch {
            state.withLock { if $0 == .running { $0 = .failed } }
            throw error
        }
    }

    /// The run is over; how far it had come.
    func end() -> State {
        state.withLock { state in
            defer { state = .over }
            return state
        }
    }

    /// What the handler sends on; throws where this result is not of this run.
    func forwarded(of handled: Handled) throws -> [ForwardedMessage] {
        if handled.progress === self { return handled.forwarded }
        throw refusal("returned without a result of next of this run, so the message counts as not handled")
    }

    private func refusal(_ what: String) -> BrokerError {
        BrokerError(.invalidArgument, "a middleware \(what); \(place)")
    }
}

extension DeliveryRunner.Handler {
    /// Runs it; what it sends on.
    func callAsFunction(_ delivery: Delivery) async throws -> [ForwardedMessage] {
        switch self {
        case .plain(let handle):
            try await handle(delivery)
            return []
        case .forwarding(let handle):
            return try await handle(delivery)
        }
    }
}
