import Messaging
import MessagingHub

/// What became of the messages of a copy, counted as it happens.
final class CopyAccount: Sendable {
    /// How many of the last received ids are known again, to count what is received twice.
    static let known = 100_000

    /// The counts of one moment.
    struct Counts: Hashable, Sendable {
        /// Messages that were taken from the source to be copied, each once.
        var sent = 0
        /// Those of them that the target has taken responsibility for.
        var received = 0
        /// Those that the target refuses for good, and that are where the source's dead letters go.
        var deadLettered = 0
        /// Messages that the target was given again after it had taken them.
        var duplicated = 0
        /// Messages that no header asked for; accepted and passed over.
        var filtered = 0
        /// How often the target has refused a message for good.
        var refused = 0
        /// Lines that are no messages; passed over.
        var skipped = 0
        /// The bytes of the bodies of those that were received.
        var bytes = 0

        /// Those that are neither at the target nor with the dead letters.
        var lost: Int { sent - received - deadLettered }
    }

    private struct State: Sendable {
        var counts = Counts()
        var begun: Set<MessageID> = []
        /// How many of the dead letters that the source's hub has sent are counted.
        var claimed = 0
        var recent: Set<MessageID> = []
        var order = RingBuffer<MessageID>()
    }

    /// Whether both ends are there: from then on an interrupted copy ends what is on its way.
    let hasBegun = Lock(false)
    private let state = Lock(State())
    private let start = ContinuousClock.now

    var counts: Counts { state.withLock { $0.counts } }
    /// How long it has taken so far.
    var elapsed: Duration { ContinuousClock.now - start }

    /// A message is about to be given to the target. One whose first try has not ended well counts once.
    func begin(_ id: MessageID) {
        state.withLock { state in
            if state.recent.contains(id) || !state.begun.insert(id).inserted { return }
            state.counts.sent += 1
        }
    }

    /// The target has taken responsibility for it.
    func received(_ message: Message) {
        state.withLock { state in
            state.begun.remove(message.id)
            guard state.recent.insert(message.id).inserted else {
                state.counts.duplicated += 1
                return
            }
            state.order.append(message.id)
            if state.order.count > Self.known, let oldest = state.order.popFirst() { state.recent.remove(oldest) }
            state.counts.received += 1
            state.counts.bytes += message.body.count
        }
    }

    /// It is where the source's dead letters go.
    func deadLettered(_ id: MessageID) {
        state.withLock { state in
            if state.begun.remove(id) != nil { state.counts.deadLettered += 1 }
        }
    }

    /// A message that the target refuses was given up, and the source's hub has sent this many dead letters by now.
    func givenUp(_ id: MessageID, of sent: Int) {
        state.withLock { state in
            guard sent > state.claimed, state.begun.remove(id) != nil else { return }
            state.claimed += 1
            state.counts.deadLettered += 1
        }
    }

    func filtered() { state.withLock { $0.counts.filtered += 1 } }
    func refused() { state.withLock { $0.counts.refused += 1 } }
    func skipped() { state.withLock { $0.counts.skipped += 1 } }
}
