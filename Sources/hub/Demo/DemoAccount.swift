import Messaging
import MessagingHub
import Synchronization

/// What happens during a demonstration, written down by sender and handlers.
final class DemoAccount: Sendable {
    let recorder = LedgerRecorder()
    let sent = Atomic<Int>(0)
    /// How many ends there are to be: for each message, one in each group.
    let expected = Atomic<Int>(0)
    let ended = Atomic<Int>(0)
    let handled = Atomic<Int>(0)
    let deadLettered = Atomic<Int>(0)
    private let progress = Lock((ended: -1, since: ContinuousClock.now))
    private let latencies = Lock<[Topic: Latencies]>([:])

    /// These messages were sent and confirmed; each is to end so many times.
    func sent(_ messages: [Message], to destination: Destination) {
        recorder.sent(messages, to: destination)
        sent.add(messages.count, ordering: .relaxed)
    }

    func handled(_ message: Message, from destination: Destination, group: GroupName?) {
        recorder.handled(message.id, from: destination, group: group)
        handled.add(1, ordering: .relaxed)
        ended.add(1, ordering: .relaxed)
    }

    func deadLettered(_ message: Message, from destination: Destination) {
        recorder.deadLettered(message.id, from: destination)
        deadLettered.add(1, ordering: .relaxed)
        ended.add(1, ordering: .relaxed)
    }

    /// A group's filter lets it pass by.
    func filtered(_ message: Message, from destination: Destination, group: GroupName) {
        recorder.filtered(message.id, from: destination, group: group)
        ended.add(1, ordering: .relaxed)
    }

    /// The first run of a message that was sent at that moment begins.
    func began(_ topic: Topic, sentAt: Timestamp, now: Timestamp) {
        latencies.withLock { $0[topic, default: Latencies()].add((now - sentAt).nanoseconds) }
    }

    /// The latencies of a topic, from the publish to the begin of the first run.
    func latencies(of topic: Topic) -> Latencies { latencies.withLock { $0[topic] ?? Latencies() } }

    /// How many ends are still to come.
    var outstanding: Int { expected.load(ordering: .relaxed) - ended.load(ordering: .relaxed) }

    /// Whether as many have ended as are to.
    var hasEnded: Bool { outstanding <= 0 }

    /// Whether nothing has ended for this long.
    func isStuck(for patience: Duration) -> Bool {
        let (count, now) = (ended.load(ordering: .relaxed), ContinuousClock.now)
        return progress.withLock { progress in
            if progress.ended != count { progress = (count, now) }
            return now - progress.since > patience
        }
    }

    /// The line that is shown while it runs.
    func line(since start: ContinuousClock.Instant) -> String {
        let (sent, handled) = (sent.load(ordering: .relaxed), handled.load(ordering: .relaxed))
        let seconds = max(0.001, (ContinuousClock.now - start) / .seconds(1))
        let rate = Int(Double(ended.load(ordering: .relaxed)) / seconds)
        let dead = deadLettered.load(ordering: .relaxed)
        return "sent \(sent.grouped)  handled \(handled.grouped)  dead-lettered \(dead.grouped)  \(rate.grouped)/s"
    }
}

extension Int {
    /// With commas between the thousands.
    var grouped: String {
        var text = String(magnitude)
        var end = text.count - 3
        while end > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: end))
            end -= 3
        }
        return self < 0 ? "-\(text)" : text
    }
}
