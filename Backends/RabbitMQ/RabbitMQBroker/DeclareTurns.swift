#if RabbitMQ
    import Messaging

    /// Lets one of those who declare the same at once do it for all: who comes while one is at it waits, and all who wait
    /// share the next turn. What that finds and makes is what was there after each of them had asked.
    final class DeclareTurns: Sendable {
        /// What a wait ends with: the result of another's turn; nil: the turn is one's own.
        typealias Outcome = Result<Void, BrokerError>?

        private struct Turn: Sendable {
            /// Those who share this one, and those who share the next.
            var sharing: [Waiter<Outcome>] = []
            var next: [Waiter<Outcome>] = []
        }

        private let turns = Lock<[[DestinationDeclaration]: Turn]>([:])

        /// Does the work, or waits for somebody else's.
        func take(
            _ declarations: [DestinationDeclaration], _ work: () async throws(BrokerError) -> Void
        ) async throws(BrokerError) {
            let waiter: Waiter<Outcome>? = turns.withLock { turns in
                guard turns[declarations] != nil else {
                    turns[declarations] = Turn()
                    return nil
                }
                let waiter = Waiter<Outcome>()
                turns[declarations]?.next.append(waiter)
                return waiter
            }
            if let waiter, case .value(let result?) = await waiter.waitUncancelled() { return try result.get() }
            var outcome = Result<Void, BrokerError>.success(())
            do throws(BrokerError) { try await work() } catch { outcome = .failure(error) }
            pass(outcome, declarations)
            try outcome.get()
        }

        private func pass(_ outcome: Result<Void, BrokerError>, _ declarations: [DestinationDeclaration]) {
            let (sharing, first): ([Waiter<Outcome>], Waiter<Outcome>?) = turns.withLock { turns in
                guard let turn = turns.removeValue(forKey: declarations) else { return ([], nil) }
                if turn.next.isEmpty { return (turn.sharing, nil) }
                turns[declarations] = Turn(sharing: Array(turn.next.dropFirst()))
                return (turn.sharing, turn.next.first)
            }
            for waiter in sharing { waiter.resolve(.some(outcome)) }
            first?.resolve(.none)
        }
    }
#endif
