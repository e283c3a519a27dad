/// The identity of a message: a ULID, 48 bits of Unix milliseconds and 80 random bits.
///
/// Its text is 26 characters of Crockford's base 32, and sorts as the ids do.
/// Format: https://github.com/ulid/spec.
public struct MessageID: Hashable, Sendable, Comparable {
    /// The first 64 bits: 48 of time, 16 of randomness.
    public let high: UInt64
    /// The last 64 bits: randomness.
    public let low: UInt64

    /// The id with these 128 bits.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new id of this moment. Ids made by one process are strictly increasing, also within a millisecond and
    /// when the clock is set back.
    public init() { self = MessageIDGenerator.shared.next(at: .now) }

    /// When the id was made, to the millisecond.
    public var timestamp: Timestamp { Timestamp(milliseconds: Int64(high >> 16)) }

    /// The smaller id first, which is the older one.
    public static func < (left: MessageID, right: MessageID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

extension MessageID: LosslessStringConvertible {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// The canonical 26 characters.
    public var description: String {
        String(unsafeUninitializedCapacity: 26) { text in
            var (high, low) = (high, low)
            for index in stride(from: 25, through: 0, by: -1) {
                text[index] = Self.alphabet[Int(low & 31)]
                low = low >> 5 | high << 59
                high >>= 5
            }
            return 26
        }
    }

    /// Reads 26 characters of Crockford's base 32, in either case; nil when they are not a ULID.
    public init?(_ description: String) {
        var text = description
        guard let id = text.withUTF8({ MessageID(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }

    /// The same of characters where they are.
    package init?(utf8: UnsafeRawBufferPointer) {
        guard utf8.count == 26 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for (place, byte) in utf8.enumerated() {
            guard let digit = Self.digit(byte), place > 0 || digit < 8 else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | digit
        }
        self.init(high: high, low: low)
    }

    /// Of the letters, I, L, O and U are none.
    private static func digit(_ byte: UInt8) -> UInt64? {
        let code = byte >= 0x40 ? byte | 0x20 : byte
        return switch code {
        case 0x30...0x39: UInt64(code - 0x30)
        case 0x61...0x68: UInt64(code - 0x61 + 10)
        case 0x6A...0x6B: UInt64(code - 0x6A + 18)
        case 0x6D...0x6E: UInt64(code - 0x6D + 20)
        case 0x70...0x74: UInt64(code - 0x70 + 22)
        case 0x76...0x7A: UInt64(code - 0x76 + 27)
        default: nil
        }
    }
}

/// Hands out ids that only grow: a new millisecond draws fresh random bits, the same one counts up.
package final class MessageIDGenerator: Sendable {
    package static let shared = MessageIDGenerator()
    private let state = Lock(State())

    package init() {}

    package struct State: Sendable {
        var last = MessageID(high: 0, low: 0)
        var random = SystemRandomNumberGenerator()
    }

    package func next(at now: Timestamp) -> MessageID {
        state.withLock { state in
            let millisecond = UInt64(clamping: now.milliseconds) & 0xFFFF_FFFF_FFFF
            if millisecond > state.last.high >> 16 {
                // The top random bit stays clear, so that 2^79 ids fit behind the first one of a millisecond.
                let random = (state.random.next(), state.random.next())
                state.last = MessageID(high: millisecond << 16 | random.0 & 0x7FFF, low: random.1)
            } else {
                let (low, carry) = state.last.low.addingReportingOverflow(1)
                state.last = MessageID(high: carry ? state.last.high &+ 1 : state.last.high, low: low)
            }
            return state.last
        }
    }
}
