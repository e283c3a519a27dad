/// Why a call at the seam failed: a code to act on, a sentence that names the thing and the remedy, and the broker's
/// own code to search for.
///
/// One reference: an outcome that may be an error is on the way of every message, and should cost no more for that.
public struct BrokerError: Error, Hashable, Sendable {
    private struct Facts: Hashable, Sendable {
        var code: Code
        var sentence: String
        var operation: Operation
        var nativeCode: Int?
        var details: [String: String]
    }

    private final class Box: Sendable {
        let facts: Facts
        init(_ facts: Facts) { self.facts = facts }
    }

    private var box: Box

    /// What to act on.
    public var code: Code {
        get { box.facts.code }
        set { change { $0.code = newValue } }
    }

    /// What happened to what, and what to do: lower case, one sentence, no secrets.
    public var sentence: String {
        get { box.facts.sentence }
        set { change { $0.sentence = newValue } }
    }

    /// The call during which it happened.
    public var operation: Operation {
        get { box.facts.operation }
        set { change { $0.operation = newValue } }
    }

    /// The C client's or the broker's own code.
    public var nativeCode: Int? {
        get { box.facts.nativeCode }
        set { change { $0.nativeCode = newValue } }
    }

    /// Further facts, for machines.
    public var details: [String: String] {
        get { box.facts.details }
        set { change { $0.details = newValue } }
    }

    /// An error of this code.
    public init(
        _ code: Code, _ sentence: String, during operation: Operation = .other, nativeCode: Int? = nil,
        details: [String: String] = [:]
    ) {
        let facts = Facts(
            code: code, sentence: sentence, operation: operation, nativeCode: nativeCode, details: details)
        box = Box(facts)
    }

    private mutating func change(_ edit: (inout Facts) -> Void) {
        var facts = box.facts
        edit(&facts)
        box = Box(facts)
    }

    /// Equal when every field is.
    public static func == (left: BrokerError, right: BrokerError) -> Bool { left.box.facts == right.box.facts }

    /// Hashes every field.
    public func hash(into hasher: inout Hasher) { hasher.combine(box.facts) }

    /// Whether the same call may succeed later without anybody changing anything.
    public var isRetryable: Bool { code.isRetryable }

    /// The same error, said to have happened during another call.
    public func during(_ operation: Operation) -> BrokerError {
        var error = self
        error.operation = operation
        return error
    }

    /// The call during which an error happened.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// `connect`, and the reconnects that follow.
        case connect
        /// `declare`.
        case declare
        /// `publish`.
        case publish
        /// `subscribe`.
        case subscribe
        /// `receive`.
        case receive
        /// `settle`.
        case settle
        /// Anything else.
        case other
    }
}

extension BrokerError: CustomStringConvertible {
    /// `tooLarge: body of 11 bytes … (native 311)`.
    public var description: String {
        "\(code): \(sentence)\(nativeCode.map { " (native \($0))" } ?? "")"
    }
}

extension BrokerError {
    /// What an error is, open for more: a struct with static members, so that a new one breaks no switch.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The word in logs and reports.
        public let name: String
        /// Whether the same call may succeed later without anybody changing anything.
        public let isRetryable: Bool

        /// A code of this name.
        public init(_ name: String, isRetryable: Bool) {
            self.name = name
            self.isRetryable = isRetryable
        }

        /// The word in logs and reports.
        public var description: String { name }

        /// No connection now; the backend reconnects by itself.
        public static let notConnected = Code("notConnected", isRetryable: true)
        /// Nobody answers there: refused, unreachable, another protocol.
        public static let unavailable = Code("unavailable", isRetryable: true)
        /// The time was up.
        public static let timeout = Code("timeout", isRetryable: true)
        /// Full, or over a quota.
        public static let resourceExhausted = Code("resourceExhausted", isRetryable: true)
        /// The broker failed, by its own account.
        public static let brokerFailure = Code("brokerFailure", isRetryable: true)
        /// Not tried, because what was tried before failed again and again; `details["retry_at"]` says when it is tried.
        public static let circuitOpen = Code("circuitOpen", isRetryable: true)
        /// The calling task was cancelled.
        public static let cancelled = Code("cancelled", isRetryable: false)
        /// There will be no more: of this consumer, or of this broker after `close`. `details["reason"]` says why.
        public static let ended = Code("ended", isRetryable: false)
        /// The queue, stream or group does not exist.
        public static let noSuchDestination = Code("noSuchDestination", isRetryable: false)
        /// What exists differs from what was declared.
        public static let conflict = Code("conflict", isRetryable: false)
        /// A name, a header, a number is not allowed.
        public static let invalidArgument = Code("invalidArgument", isRetryable: false)
        /// The configuration is wrong.
        public static let invalidConfiguration = Code("invalidConfiguration", isRetryable: false)
        /// Larger than the broker's limit.
        public static let tooLarge = Code("tooLarge", isRetryable: false)
        /// Expired before it was published.
        public static let expired = Code("expired", isRetryable: false)
        /// An earlier message of the same key was refused, and the destination keeps order.
        public static let orderKept = Code("orderKept", isRetryable: false)
        /// Credentials or permissions.
        public static let unauthorized = Code("unauthorized", isRetryable: false)
        /// This broker cannot do that.
        public static let unsupported = Code("unsupported", isRetryable: false)
        /// Another producer or consumer has taken over.
        public static let fenced = Code("fenced", isRetryable: false)
        /// The position to read from is gone; `details["first"]` is the first there is.
        public static let positionGone = Code("positionGone", isRetryable: false)
        /// A body could not be encoded or decoded.
        public static let serialization = Code("serialization", isRetryable: false)
        /// A body does not fit its schema.
        public static let schema = Code("schema", isRetryable: false)
        /// A body is not what its hash says.
        public static let hashMismatch = Code("hashMismatch", isRetryable: false)
    }

    /// Why a consumer, or a broker, has ended.
    public enum EndReason: String, Hashable, Sendable {
        /// `close` was called on the broker.
        case closed
        /// `stop` was called on the consumer.
        case stopped
        /// `cancel` was called on the consumer.
        case cancelled
        /// The end that `until` asked for is reached and settled.
        case reachedEnd
        /// The destination was deleted.
        case deleted
        /// The permission is gone.
        case unauthorized
        /// The broker ended it for a reason of its own.
        case broker
    }

    /// The error of what will give no more.
    public static func ended(_ reason: EndReason, _ sentence: String) -> BrokerError {
        BrokerError(.ended, sentence, details: ["reason": reason.rawValue])
    }

    /// Why there will be no more; nil unless the code is `.ended`.
    public var endReason: EndReason? {
        code == .ended ? details["reason"].flatMap(EndReason.init(rawValue:)) : nil
    }
}
