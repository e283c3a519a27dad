/// A message as received. It settles through the consumer that received it.
public struct Delivery: Sendable {
    /// The message, as it was published.
    public var message: Message
    /// What settles it.
    public var receipt: Receipt
    /// Which run this is, from 1: copies made for retries, plus the broker's own count of deliveries, plus 1.
    public var attempt: Int32
    /// Its ordering domain: a partition, or 0 where there is one for all.
    public var lane: Int32
    /// Where it stands in its stream; `Position.none` elsewhere.
    public var position: Position
    /// The topic, where the subscription is to a pattern; nil where the subscription names its topic.
    public var topic: Topic?
}

extension Delivery {
    /// A delivery of these parts.
    ///
    /// By way of the memberwise initializer: one that sets the parts itself makes one copy more of the message.
    public init(
        message: Message, attempt: Int32 = 1, lane: Int32 = 0, receipt: Receipt, position: Position = .none,
        topic: Topic? = nil
    ) {
        self.init(
            message: message, receipt: receipt, attempt: attempt, lane: lane, position: position, topic: topic)
    }
}

/// What settles a delivery: a few numbers that mean something to the consumer that made them, and to it alone.
public struct Receipt: Hashable, Sendable {
    /// The backend's number for the delivery: a delivery tag, an offset, a sequence.
    public let sequence: UInt64
    /// The backend's second number: a partition, a slot.
    public let slot: UInt32
    /// Which connection, assignment or hold it belongs to; older ones are stale.
    public let epoch: UInt32

    /// A receipt of these numbers.
    @inlinable public init(sequence: UInt64, slot: UInt32 = 0, epoch: UInt32 = 0) {
        self.sequence = sequence
        self.slot = slot
        self.epoch = epoch
    }
}

/// A place in a stream: an opaque text of the broker's, comparable by the broker alone.
///
/// Two numbers hold what the known brokers use (offset, partition and offset, `milliseconds-sequence`) without a
/// reference; `init(text:)` keeps any other text.
public struct Position: Hashable, Sendable, LosslessStringConvertible {
    /// The first number, as the broker set it; 0 when it kept a text.
    public let major: UInt64
    /// The second number, as the broker set it; 0 when it kept a text.
    public let minor: UInt64
    @usableFromInline let label: Label?

    /// No position: not a stream, or not known.
    @inlinable public static var none: Position { Position(major: .max, minor: .max) }

    /// The position of these two numbers, with the text `major-minor`, or `major` where minor is 0.
    @inlinable public init(major: UInt64, minor: UInt64 = 0) {
        self.major = major
        self.minor = minor
        label = nil
    }

    /// The position of this text; nil when it is empty.
    public init?(_ description: String) {
        if description.isEmpty { return nil }
        let parts = description.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        if let major = UInt64(parts[0]), let minor = parts.count == 1 ? 0 : UInt64(parts[1]) {
            let numbers = Position(major: major, minor: minor)
            if numbers.description == description {
                self = numbers
                return
            }
        }
        major = 0
        minor = 0
        label = Label(description)
    }

    /// The text that `init(_:)` reads; empty for `none`.
    public var description: String {
        if let label { return label.text }
        if self == .none { return "" }
        return minor == 0 ? String(major) : "\(major)-\(minor)"
    }

    @usableFromInline final class Label: Hashable, Sendable {
        let text: String
        init(_ text: String) { self.text = text }
        @usableFromInline static func == (left: Label, right: Label) -> Bool { left.text == right.text }
        @usableFromInline func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }
}
