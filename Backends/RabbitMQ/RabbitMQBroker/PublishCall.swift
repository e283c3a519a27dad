#if RabbitMQ
    import Messaging

    /// One call of `publish`: what has become of its messages so far. Answered on the loop, given up by the caller.
    final class PublishCall: Sendable {
        private struct State: Sendable {
            /// Messages go out in their order: those before this one have been sent.
            var sent = 0
            var answered: [Bool]
            var remaining: Int
            var outcomes: [Int: PublishFailure.Outcome] = [:]
        }

        let messages: [Message]
        /// Resolved when the last message is answered.
        let done = Waiter<Void>()
        private let state: Lock<State>

        init(_ messages: [Message]) {
            self.messages = messages
            state = Lock(State(answered: Array(repeating: false, count: messages.count), remaining: messages.count))
        }

        /// Whether nobody waits for answers any more.
        var isOver: Bool { state.withLock { $0.remaining == 0 } }

        /// Notes that messages are about to be sent; those of them that are not to be are left out.
        func send(_ indices: Range<Int>) -> Bool {
            state.withLock { state in
                if state.remaining == 0 { return false }
                state.sent = max(state.sent, indices.upperBound)
                return true
            }
        }

        /// The answer for one message, the first of which counts.
        func answer(_ index: Int, _ outcome: PublishFailure.Outcome?) {
            let isLast = state.withLock { state in
                if state.answered[index] { return false }
                state.answered[index] = true
                state.remaining -= 1
                if let outcome { state.outcomes[index] = outcome }
                return state.remaining == 0
            }
            if isLast { done.resolve(()) }
        }

        /// Answers what has no answer: what was sent may be there, what was not is not.
        func giveUp(because error: BrokerError) {
            let isLast = state.withLock { state in
                if state.remaining == 0 { return false }
                for index in messages.indices where !state.answered[index] {
                    state.answered[index] = true
                    state.outcomes[index] = index < state.sent ? .unknown(error) : .refused(error)
                }
                state.remaining = 0
                return true
            }
            if isLast { done.resolve(()) }
        }

        /// What became of the messages that were not confirmed. For when the call is over.
        var outcomes: [Int: PublishFailure.Outcome] { state.withLock { $0.outcomes } }
    }

    /// What was sent on a channel and is not confirmed, by delivery tag. A value: what a confirmation means is decided here.
    struct ConfirmWindow: Sendable {
        struct Entry: Sendable {
            var call: PublishCall?
            let index: Int
            let route: PublishRoute
            /// Why the server has sent it back.
            var refusal: BrokerError?
        }

        private var entries = RingBuffer<Entry>()
        /// The tag of the first entry.
        private var first: UInt64 = 1
        /// How many entries from the first on are known to have been returned or not to be: returns come in order.
        private var returned = 0

        var count: Int { entries.count }

        mutating func append(_ entry: Entry) { entries.append(entry) }

        /// Takes out what a confirmation, or a refusal, is about.
        mutating func answer(_ tag: UInt64, multiple: Bool, _ body: (Entry) -> Void) {
            guard tag >= first, tag - first < UInt64(entries.count) else {
                // Tag 0 with multiple means all.
                if tag == 0, multiple { while let entry = popFirst() { if entry.call != nil { body(entry) } } }
                return
            }
            if multiple {
                for _ in first...tag { if let entry = popFirst(), entry.call != nil { body(entry) } }
                return
            }
            let offset = Int(tag - first)
            if var entry = entries[offset], entry.call != nil {
                body(entry)
                entry.call = nil
                entries[offset] = entry
            }
            while let entry = entries.first, entry.call == nil { _ = popFirst() }
        }

        /// Notes that a message has come back, the first of this id and key that has not yet.
        mutating func sendBack(_ id: MessageID, key: String, because error: BrokerError) {
            for (start, isNamed) in [(returned, true), (0, true), (0, false)] {
                for offset in start..<max(start, entries.count) {
                    guard var entry = entries[offset], let call = entry.call, entry.refusal == nil,
                        entry.route.key == key, !isNamed || call.messages[entry.index].id == id
                    else { continue }
                    entry.refusal = error
                    entries[offset] = entry
                    returned = offset + 1
                    return
                }
            }
        }

        /// Takes out everything, in its order, and starts to count anew: the channel is another one.
        mutating func removeAll() -> [Entry] {
            var all: [Entry] = []
            while let entry = popFirst() { if entry.call != nil { all.append(entry) } }
            self = ConfirmWindow()
            return all
        }

        private mutating func popFirst() -> Entry? {
            guard let entry = entries.popFirst() else { return nil }
            first += 1
            returned = max(0, returned - 1)
            return entry
        }
    }
#endif
