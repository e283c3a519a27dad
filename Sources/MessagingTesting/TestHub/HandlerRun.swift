public import Messaging
public import MessagingReliability

/// One run of a handler.
public struct HandlerRun: Sendable {
    /// What became of it.
    public enum Outcome: Hashable, Sendable {
        /// It has not ended.
        case running
        /// It returned, and what it sent on was taken.
        case handled
        /// It failed with this error, and the message comes again after this time.
        case retried(after: Duration, error: String)
        /// It failed with this error, and the message was given up.
        case deadLettered(DeadLetter.Reason, error: String)
        /// It failed with this error, and the message was dropped, as a broadcast is.
        case dropped(error: String)
        /// It was broken off by a shutdown or a lost hold, and the message goes back.
        case released(error: String)
    }

    /// The topic that the message was received from.
    public let topic: Topic
    /// The group of a stream; nil elsewhere.
    public let group: GroupName?
    /// The message.
    public let message: Message
    /// Which run of the message it was, from 1.
    public let attempt: Int
    /// When it began, on the hub's clock, counted from its start.
    public let time: Duration
    /// What became of it.
    public internal(set) var outcome = Outcome.running

    /// For sentences: `the handler of orders`.
    var handler: String { "the handler of \(topic)\(group.map { " (group \($0))" } ?? "")" }

    /// For sentences: `01J… at attempt 1 handled`.
    var summary: String { "\(message.id) at attempt \(attempt) \(outcome.text)" }
}

/// A message as it was published, by the test, a handler or the hub.
public struct PublishedMessage: Sendable {
    /// The message.
    public let message: Message
    /// Where to.
    public let destination: Destination
    /// On which broker.
    public let broker: BrokerName
    /// When, on the hub's clock, counted from its start.
    public let time: Duration
    /// Why it was not confirmed; nil: it was.
    public let error: BrokerError?
}

/// A message that was given up.
public struct DeadLetteredMessage: Sendable {
    /// The topic that it was received from.
    public let topic: Topic
    /// The group of a stream; nil elsewhere.
    public let group: GroupName?
    /// The message, as it was received.
    public let message: Message
    /// Why it was given up.
    public let reason: DeadLetter.Reason
    /// Which run of it was the last.
    public let attempt: Int
    /// The error of that run; nil where no run of this hub failed.
    public let error: String?
    /// When, on the hub's clock, counted from its start.
    public let time: Duration
}

extension HandlerRun.Outcome {
    /// For sentences.
    var text: String {
        switch self {
        case .running: "runs still"
        case .handled: "was handled"
        case .retried(let delay, let error): "failed (\(error)) and is retried after \(delay.optionText)"
        case .deadLettered(let reason, let error): "failed (\(error)) and was dead-lettered as \(reason.rawValue)"
        case .dropped(let error): "failed (\(error)) and was dropped"
        case .released(let error): "was broken off (\(error)) and goes back"
        }
    }

    /// What a decision means.
    init(_ decision: RunDecision, error: String) {
        self =
            switch decision {
            case .accept: .handled
            case .release: .released(error: error)
            case .retry(let delay), .runAgain(let delay), .keep(let delay, _), .pause(let delay, _):
                .retried(after: delay, error: error)
            case .deadLetter(let reason), .discard(let reason): .deadLettered(reason, error: error)
            case .drop: .dropped(error: error)
            }
    }
}
