import Messaging
public import MessagingReliability

/// The reply says that there is none: whoever handled the request has given it up.
///
/// What it says comes from the other side and is no more than said: thrown on by a handler it is a failure like any other.
public struct RequestFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why, as far as the other side says so in a word that is known.
    public let reason: DeadLetter.Reason?
    /// The sentence of the other side's error: one line, at most 1,024 bytes.
    public let sentence: String

    /// A failure of this reason.
    public init(_ reason: DeadLetter.Reason?, _ sentence: String) {
        self.reason = reason
        self.sentence = DeadLetter.printable(sentence)
    }

    /// The failure that a reply speaks of; nil where it is a reply.
    init?(_ reply: Message) {
        guard let value = reply.headers.values(of: .replyError).first else { return nil }
        self.init(
            reply.headers[.replyErrorReason].flatMap(DeadLetter.Reason.init(rawValue:)),
            value.text ?? "an error that is not text")
    }

    /// `the request was given up as rejected: …`.
    public var description: String {
        "the request was given up\(reason.map { " as \($0.rawValue)" } ?? ""): \(sentence)"
    }
}
