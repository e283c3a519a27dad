import Messaging

/// What the server knows of a message that it has, beside the message.
struct Mark: BitwiseCopyable, Sendable {
    /// The order of its arrival; in a group its offset.
    let order: UInt64
    let size: Int32
    /// The attempt of its next delivery.
    var attempt: Int32
    let priority: UInt8
    let isTransient: Bool
    /// When it expires, by its own time to live or by that of its queue; `never`: it does not.
    var end: Timestamp

    static let never = Timestamp(nanoseconds: .max)
    /// Whether its end has to be looked at.
    var isTimed: Bool { end < Self.never }

    init(_ message: borrowing Message, order: UInt64, size: Int, attempt: Int32 = 1) {
        self.order = order
        self.size = Int32(clamping: size)
        self.attempt = attempt
        priority = message.priority
        isTransient = message.deliveryMode == .transient
        end = message.isTimed ? message.expiration ?? Self.never : Self.never
    }
}
