#if RabbitMQ
    import Messaging

    /// How often a message has been tried, as far as the server and its copies tell. A value.
    struct Tries: Hashable, Sendable {
        /// The copies that retries have made.
        var copies: Int32 = 0
        /// How often the server got this copy back.
        var returns: Int32 = 0
        /// Whether the server counts them: a classic queue only says that there was one.
        var isCounted = true
        /// How many of these returns nobody had seen: it was sent ahead to this process, and not handed out.
        var unseen: Int32 = 0

        /// The attempt that a handler sees.
        var attempt: Int32 { Int32(clamping: Int64(copies) + Int64(returns) - Int64(unseen) + 1) }
    }

    /// What was sent ahead to this process and went back without having been handed out. The server counts that as it counts
    /// a crash, so that a message which waits while its consumers come and go would look like one that kills them.
    ///
    /// Bounded: what went back longest ago is forgotten first, and is then counted as the server counts it.
    final class UnseenReturns: Sendable {
        private struct Key: Hashable, Sendable {
            let queue: String
            let id: MessageID
        }

        private struct State: Sendable {
            var young: [Key: Tries] = [:]
            var old: [Key: Tries] = [:]
        }

        /// How many are remembered in each of two generations.
        static let most = 16_384
        private let state = Lock(State())

        /// Notes that these go back to their queue, unseen.
        func note(_ returned: [DeliveryWindow.Pending], to queue: String) {
            if returned.isEmpty { return }
            state.withLock { state in
                for pending in returned {
                    var tries = pending.tries
                    tries.returns += 1
                    tries.unseen += 1
                    if state.young.count >= Self.most { (state.old, state.young) = (state.young, [:]) }
                    state.young[Key(queue: queue, id: pending.incoming.head.message.id)] = tries
                }
            }
        }

        /// The tries of a message that has come again, with what is known of those that nobody saw. Where the server has lost
        /// the count of some returns, the last ones, these are not subtracted either.
        func known(_ tries: Tries, of id: MessageID, in queue: String) -> Tries {
            if tries.returns == 0 || !tries.isCounted { return tries }
            let key = Key(queue: queue, id: id)
            guard let noted = state.withLock({ $0.young[key] ?? $0.old[key] }), noted.copies == tries.copies else {
                return tries
            }
            var tries = tries
            tries.unseen = max(0, noted.unseen - max(0, noted.returns - tries.returns))
            return tries
        }
    }
#endif
