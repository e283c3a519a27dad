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
    /// Whether its expiration has to be looked at.
    let isTimed: Bool

    init(_ message: borrowing Message, order: UInt64, size: Int, attempt: Int32 = 1) {
        self.order = order
        self.size = Int32(clamping: size)
        self.attempt = attempt
        priority = message.priority
        isTransient = message.deliveryMode == .transient
        isTimed = message.isTimed
    }
}
