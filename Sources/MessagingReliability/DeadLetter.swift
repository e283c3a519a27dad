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

    /// The dead letter of a message: the same id, type, key, body and headers, and ours beside them.
    ///
    /// A delay and an expiration are left out, because a dead letter waits for somebody to look at it.
    public func message(of original: Message) -> Message {
        var message = Self.stripped(original)
        if message.notBefore != nil { message.notBefore = nil }
        if message.expiration != nil { message.expiration = nil }
        message.headers.append(.deadLetterReason, .text(reason.rawValue))
        message.headers.append(.deadLetterOrigin, .text(origin.topic.name))
        message.headers.append(.deadLetterKind, .text(origin.kind.rawValue))
        message.headers.append(.deadLetterAttempt, .text(String(attempt)))
        if let failure {
            message.headers.append(.deadLetterError, .text(Self.printable(failure.sentence)))
            message.headers.append(.deadLetterFirstFailure, .text(failure.firstTime.description))
            message.headers.append(.deadLetterLastFailure, .text(failure.time.description))
        }
        return message
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

    /// A text that every broker's headers can carry: one line, no control characters, of bounded length.
    package static func printable(_ text: String) -> String {
        var (result, size) = ("", 0)
        for scalar in text.unicodeScalars {
            let printed: Unicode.Scalar = scalar.properties.generalCategory == .control ? " " : scalar
            size += UTF8.width(printed)
            if size > maximumErrorBytes - 3 { return result + "…" }
            result.unicodeScalars.append(printed)
        }
        return result
    }
}
