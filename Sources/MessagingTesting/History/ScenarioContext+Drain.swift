import Messaging

/// The judgement of the history, once the body of a scenario has passed.
extension ScenarioContext {
    /// How much a last look reads at most: a run that leaves more behind is judged without it.
    private static let (longestDrain, mostPlaces) = (2048, 64)

    /// Throws what the history shows that no honest broker does.
    ///
    /// Where something must be left in a queue or a group, everybody leaves, and a new connection reads it: to the last
    /// message that is owed, or until none has come for as long as the patience lasts.
    func judgeHistory() async throws {
        guard let rules, let before = history.entries else { return }
        let owed = HistoryChecker(before, rules).owed(at: history.uptime, time.now)
        let count = owed.values.reduce(0) { $0 + $1.count }
        if count > Self.longestDrain || owed.count > Self.mostPlaces {
            history.add(
                "judge",
                "does not look for what is lost: \(count) messages are left in \(owed.count) places, "
                    + "more than \(Self.longestDrain) in \(Self.mostPlaces)")
            notMeasured(
                "whether what is left is all there", because: "since \(count) messages are left in \(owed.count) places"
            )
        } else if count > 0 {
            await drain(owed)
        }
        guard let entries = history.entries else { return }
        let checker = HistoryChecker(entries, rules) { [history] in history.name(of: $0) }
        if let violation = checker.violations.first { throw HistoryFailure(violation) }
    }

    private var rules: HistoryRules? {
        guard let capabilities = peerCapabilities, let limits = peerLimits else { return nil }
        return HistoryRules(capabilities, limits)
    }

    private func drain(_ owed: [Place: Set<MessageID>]) async {
        guard await closeEverybody(), let peer = try? await peer() else {
            return notMeasured("whether what is left is all there", because: "since the server cannot be reached")
        }
        for (place, ids) in owed.sorted(by: { $0.key.description < $1.key.description }) {
            history.add(peer.name, .drains(place, at: time.now, isDone: false))
            do {
                try await drain(place, of: ids, by: peer)
                history.add(peer.name, .drains(place, at: time.now, isDone: true))
            } catch {
                history.add("judge", "does not look for what is lost in \(place): \(error)")
                notMeasured("whether what is left is all there", because: "since \(place) could not be read: \(error)")
            }
        }
        await peer.close()
    }

    private func drain(_ place: Place, of ids: Set<MessageID>, by peer: Peer) async throws {
        let member = try await peer.subscribe(place, window: Self.longestDrain)
        var missing = ids
        var end = time.uptime + patience
        while !missing.isEmpty, time.uptime < end {
            let some = try await member.receive(upTo: 256, within: end - time.uptime)
            for delivery in some where missing.remove(delivery.message.id) != nil { end = time.uptime + patience }
            if some.isEmpty { break }
        }
        try await member.cancel()
    }
}

/// What a history shows that no honest broker does, as a scenario's failure.
struct HistoryFailure: Error, CustomStringConvertible {
    let violation: HistoryViolation

    init(_ violation: HistoryViolation) { self.violation = violation }

    var description: String { "the history breaks the rule of \(violation.rule.rawValue): \(violation.sentence)" }
}
