public import Messaging
public import MessagingReliability

/// What happened on one topic up to a moment: a value to look at, with checks that say what was there instead.
public struct TopicRecord: Sendable {
    /// The topic.
    public let topic: Topic
    /// What was published to it and confirmed, in that order; dead letters and what handlers sent on among it.
    public let published: [PublishedMessage]
    /// What was published to it and not confirmed.
    public let refused: [PublishedMessage]
    /// Every run of a handler of it, in the order of their beginnings.
    public let runs: [HandlerRun]
    /// What its handlers gave up.
    public let deadLettered: [DeadLetteredMessage]

    /// The runs that ended well.
    public var handled: [HandlerRun] { runs.filter { $0.outcome == .handled } }

    /// The runs that failed and are, or were, repeated.
    public var retried: [HandlerRun] {
        runs.filter { if case .retried = $0.outcome { true } else { false } }
    }

    /// Throws unless so many messages were published to it.
    public func requirePublished(_ count: Int) throws(TestHubError) {
        let failed = refused.map { "\($0.message.id) was refused: \($0.error?.sentence ?? "")" }
        try require(published.count, count, "published", published.map(\.message.id.description) + failed)
    }

    /// Throws unless so many runs ended well; of this group alone, where one is named.
    public func requireHandled(_ count: Int, group: GroupName? = nil) throws(TestHubError) {
        try require(handled.count { group == nil || $0.group == group }, count, "handled", runs.map(\.summary))
    }

    /// Throws unless so many runs failed and are, or were, repeated.
    public func requireRetried(_ count: Int) throws(TestHubError) {
        try require(retried.count, count, "retried", runs.map(\.summary))
    }

    /// Throws unless so many messages were given up; for this reason, where one is named.
    public func requireDeadLettered(_ count: Int, as reason: DeadLetter.Reason? = nil) throws(TestHubError) {
        let found = deadLettered.count { reason == nil || $0.reason == reason }
        try require(found, count, "dead-lettered" + (reason.map { " as \($0.rawValue)" } ?? ""), runs.map(\.summary))
    }

    private func require(_ found: Int, _ count: Int, _ what: String, _ there: [String]) throws(TestHubError) {
        if found == count { return }
        let shown = there.prefix(10).joined(separator: "; ")
        let rest = there.count > 10 ? "; and \(there.count - 10) more" : ""
        throw TestHubError(
            .unmet,
            "topic \(topic): \(count) \(count == 1 ? "message was" : "messages were") to be \(what), and \(found) "
                + "\(found == 1 ? "was" : "were"). There is: \(there.isEmpty ? "nothing" : shown + rest)")
    }
}
