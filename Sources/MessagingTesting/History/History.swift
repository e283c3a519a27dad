package import Messaging

/// What happened during a run, by whom and when: published, confirmed, delivered, settled, and every fault. Keeps what
/// the checker needs of the whole run, up to 131,072 mentions of messages; the older half is
/// forgotten then, and the run is judged by its scenario alone.
package final class History: Sendable {
    private struct State: Sendable {
        var entries: [HistoryEntry] = []
        var names: [MessageID: String] = [:]
        var mentions = 0
        var calls = 0
        var isComplete = true
    }

    private static let capacity = 1 << 17
    private let state = Lock(State())
    private let time: any TimeSource
    private let beginning: Duration

    package init(on time: any TimeSource) {
        self.time = time
        beginning = time.uptime
    }

    /// Gives a message a short name for excerpts.
    package func name(_ id: MessageID, _ name: String) { state.withLock { $0.names[id] = name } }

    /// The short name of a message, or its id.
    package func name(of id: MessageID) -> String { state.withLock { $0.names[id] } ?? id.description }

    /// Adds an entry in words, which no rule looks at: `who` did `what` with these messages.
    package func add(_ who: String, _ what: String, _ messages: [MessageID] = []) {
        add(who, .note(what, messages))
    }

    /// Adds an entry: this happened to `who`.
    package func add(_ who: String, _ event: HistoryEvent) {
        let uptime = time.uptime - beginning
        state.withLock { state in
            state.entries.append(HistoryEntry(uptime: uptime, who: who, event: event))
            state.mentions += event.messages.count + 1
            guard state.mentions > Self.capacity else { return }
            let half = state.entries.count / 2
            state.mentions -= state.entries[..<half].reduce(0) { $0 + $1.event.messages.count + 1 }
            state.entries.removeFirst(half)
            state.isComplete = false
        }
    }

    /// A number that ties the beginning of a call to its end.
    package func call() -> Int {
        state.withLock { state in
            state.calls += 1
            return state.calls
        }
    }

    /// Says that something was done to a process, the server or the way between: `is killed`, `is frozen`. Until `who`
    /// has recovered, and as long after it as the broker's settle lag says, the rules allow what a failure allows.
    package func fault(_ what: String, of who: String) { add(who, .fault(what)) }

    /// Says that a fault is over: `is started`, `is thawed`.
    package func recovery(_ what: String, of who: String) { add(who, .recovered(what)) }

    /// Says that others publish to a destination too, or change what is in it, whose calls are not in this history:
    /// what comes from there, and what is missing there, is not judged.
    package func leaves(_ destination: Destination, because reason: String) {
        add("scenario", .unjudged(destination, reason))
    }

    /// Says that no rule can judge this run: its scenario alone does.
    package func isNotJudged(because reason: String) {
        add("scenario", "has a history that is not judged: \(reason)")
        state.withLock { $0.isComplete = false }
    }

    /// How long the run has lasted.
    package var uptime: Duration { time.uptime - beginning }

    /// Everything so far, in its order; nil when the run was so long that its beginning is forgotten,
    /// or is not to be judged.
    package var entries: [HistoryEntry]? { state.withLock { $0.isComplete ? $0.entries : nil } }

    /// The entries about these messages, and the faults and other events that concerned everybody between the first and
    /// the last of them; of all entries where no message is named. The last 16.
    package func excerpt(about messages: Set<MessageID>) -> [String] {
        let (entries, names) = state.withLock { ($0.entries, $0.names) }
        var lines: [String] = []
        var between: [String] = []
        for entry in entries {
            let mentioned = entry.event.messages
            let concerned = messages.isEmpty ? mentioned : mentioned.filter(messages.contains)
            if messages.isEmpty || !concerned.isEmpty {
                lines += between + [entry.line(about: concerned, names)]
                between = []
            } else if mentioned.isEmpty, !lines.isEmpty {
                between.append(entry.line(about: [], names))
            }
        }
        return lines.suffix(16)
    }

    /// These entries, as far as they are about these messages. At most 16: the first eight and the last eight.
    package func excerpt(of numbers: [Int], about messages: Set<MessageID>) -> [String] {
        let (entries, names) = state.withLock { ($0.entries, $0.names) }
        let lines = numbers.filter(entries.indices.contains).map { number in
            entries[number].line(about: entries[number].event.messages.filter(messages.contains), names)
        }
        return lines.count <= 16 ? lines : Array(lines.prefix(8) + lines.suffix(8))
    }

    /// The last 1,024 entries, in their order.
    package var lines: [String] {
        let (entries, names) = state.withLock { ($0.entries, $0.names) }
        return entries.suffix(1024).map { $0.line(about: $0.event.messages, names) }
    }
}
