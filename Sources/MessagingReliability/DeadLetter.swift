public import Messaging

/// What is known of a message that its handlers gave up, and how it travels: in headers of the message itself, which
/// otherwise stays as it was.
public struct DeadLetter: Hashable, Sendable {
    /// Why a message was given up.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// Its last run failed, and it has no more.
        case exhausted
        /// Its handler rejected it, or failed in a way that no repetition changes.
        case rejected
        /// Its body is not what the subscription expects.
        case undecodable
        /// It was handed out again and again, and no run ever ended.
        case crashed
        /// Its run failed, and its subscription has spent its retries of this minute.
        case overBudget = "over-budget"
    }

    /// The longest error text that travels, in bytes of UTF-8; what is longer is cut.
    public static let maximumErrorBytes = 1024

    /// Why it was given up.
    public var reason: Reason
    /// Where it came from.
    public var origin: Destination
    /// Which run was its last, from 1.
    public var attempt: Int
    /// How it failed last, and when first; nil where no run of this process failed.
    public var failure: Failure?

    /// A dead letter of these parts.
    public init(_ reason: Reason, from origin: Destination, attempt: Int, failure: Failure?) {
        self.reason = reason
        self.origin = origin
        self.attempt = attempt
        self.failure = failure
    }

    /// The dead letter of a message: the same id, type, key, body and headers, and ours beside them, as far as a broker
    /// of these limits carries them.
    ///
    /// The message's own headers are never cut to make room. Where not all of ours fit beside them, the first ones of
    /// this order travel: reason, origin, error, attempt, kind, last failure, first failure. The error is cut to what a
    /// value may be long.
    public func message(of original: Message, within limits: BrokerLimits) -> Message {
        var message = Self.bare(original)
        let room = max(0, limits.maximumHeaders - message.headers.count)
        for field in headers(within: limits).prefix(room) { message.headers.append(field.name, field.value) }
        return message
    }

    /// A dead letter that says nothing: the message as its application published it, without delay and expiration,
    /// because a dead letter waits for somebody to look at it.
    public static func bare(_ original: Message) -> Message {
        var message = stripped(original)
        if message.notBefore != nil { message.notBefore = nil }
        if message.expiration != nil { message.expiration = nil }
        return message
    }

    /// What there is to say, the most important first; what a single header cannot carry is left out.
    private func headers(within limits: BrokerLimits) -> [Headers.Field] {
        let error = failure.map { Self.printable($0.sentence, within: limits.maximumHeaderValueBytes) }
        let all: [(HeaderName, String?)] = [
            (.deadLetterReason, reason.rawValue), (.deadLetterOrigin, origin.topic.name), (.deadLetterError, error),
            (.deadLetterAttempt, String(attempt)), (.deadLetterKind, origin.kind.rawValue),
            (.deadLetterLastFailure, failure?.time.description),
            (.deadLetterFirstFailure, failure?.firstTime.description),
        ]
        return all.compactMap { name, text in
            guard let text, name.text.utf8.count <= limits.maximumHeaderNameBytes,
                text.utf8.count <= limits.maximumHeaderValueBytes
            else { return nil }
            return Headers.Field(name, .text(text))
        }
    }

    /// A message without the headers of an earlier dead letter or retry: as its application published it.
    public static func stripped(_ message: Message) -> Message {
        if message.headers.isEmpty { return message }
        var message = message
        for name in headerNames { message.headers.removeAll(name) }
        return message
    }

    private static let headerNames: [HeaderName] = [
        .attempt, .deadLetterReason, .deadLetterOrigin, .deadLetterKind, .deadLetterAttempt, .deadLetterError,
        .deadLetterFirstFailure, .deadLetterLastFailure,
    ]

    /// A text that every broker's headers can carry: one line, no control characters, of at most so many bytes.
    package static func printable(_ text: String, within limit: Int = maximumErrorBytes) -> String {
        let most = min(limit, maximumErrorBytes) - 3
        var (result, size) = ("", 0)
        for scalar in text.unicodeScalars {
            let printed: Unicode.Scalar = scalar.properties.generalCategory == .control ? " " : scalar
            size += UTF8.width(printed)
            if size > most { return result + "…" }
            result.unicodeScalars.append(printed)
        }
        return result
    }
}
