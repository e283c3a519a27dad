package import Messaging

/// What happened during a run: what was published, confirmed, delivered, settled, by whom and when. Keeps the last
/// 8,192 entries.
package final class History: Sendable {
    private struct Entry: Sendable {
        let uptime: Duration
        let who: String
        let what: String
        let messages: [MessageID]
    }

    private struct State: Sendable {
        var entries = RingBuffer<Entry>()
        var names: [MessageID: String] = [:]
    }

    private static let capacity = 8192
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

    /// Adds an entry: `who` did `what` with these messages.
    package func add(_ who: String, _ what: String, _ messages: [MessageID] = []) {
        let entry = Entry(uptime: time.uptime, who: who, what: what, messages: messages)
        state.withLock { state in
            if state.entries.count == Self.capacity { _ = state.entries.popFirst() }
            state.entries.append(entry)
        }
    }

    /// The last entries about these messages, and what concerned everybody between the first and the last of them; of
    /// all entries where no message is named. At most 16.
    package func excerpt(about messages: Set<MessageID>) -> [String] {
        var (entries, names) = state.withLock { ($0.entries, $0.names) }
        var lines: [String] = []
        var between: [String] = []
        while let entry = entries.popFirst() {
            let concerned = messages.isEmpty ? entry.messages : entry.messages.filter(messages.contains)
            let line = line(entry, about: concerned, names)
            if messages.isEmpty || !concerned.isEmpty {
                lines += between + [line]
                between = []
            } else if entry.messages.isEmpty, !lines.isEmpty {
                between.append(line)
            }
        }
        return lines.suffix(16)
    }

    /// The last 1,024 entries, in their order.
    package var lines: [String] {
        var (entries, names) = state.withLock { ($0.entries, $0.names) }
        var lines: [String] = []
        while entries.count > 1024 { _ = entries.popFirst() }
        while let entry = entries.popFirst() { lines.append(line(entry, about: entry.messages, names)) }
        return lines
    }

    private func line(_ entry: Entry, about concerned: [MessageID], _ names: [MessageID: String]) -> String {
        let labels = concerned.prefix(8).map { names[$0] ?? $0.description }
        let more = concerned.count > 8 ? ", … \(concerned.count) in all" : ""
        let moment = (entry.uptime - beginning).inMilliseconds
        return "\(moment) \(entry.who) \(entry.what) \(labels.joined(separator: ", "))\(more)"
    }
}
