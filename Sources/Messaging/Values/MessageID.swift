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
    private static let alphabet: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    /// The canonical 26 characters.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.textCount) { text in
            if let start = text.baseAddress { write(to: start) }
            return Self.textCount
        }
    }

    /// How many characters its text has.
    package static let textCount = 26

    /// Writes its text, `textCount` characters of ASCII.
    package func write(to text: UnsafeMutablePointer<UInt8>) {
        var (high, low) = (high, low)
        for index in stride(from: Self.textCount - 1, through: 0, by: -1) {
            text[index] = Self.alphabet.utf8Start[Int(low & 31)]
            low = low >> 5 | high << 59
            high >>= 5
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
        // All of these have one bit of 64, and none of 128.
        var (isDigit, isBeyond): (UInt8, UInt8) = (64, 0)
        func number(_ places: Range<Int>) -> UInt64 {
            var number: UInt64 = 0
            for place in places {
                let digit = Self.digits.utf8Start[Int(utf8[place] & 127)]
                isDigit &= digit
                isBeyond |= utf8[place]
                number = number << 5 | UInt64(digit & 31)
            }
            return number
        }
        let parts = (number(0..<12), number(12..<24), number(24..<26))
        // 26 digits have two bits more than an id.
        guard isDigit == 64, isBeyond < 128, parts.0 < 1 << 58 else { return nil }
        self.init(high: parts.0 << 6 | parts.1 >> 54, low: parts.1 << 10 | parts.2)
    }

    /// The digit of each character of ASCII, 64 added; a point for those that are none: of the letters I, L, O and U.
    private static let digits: StaticString =
        """
        ................................................@ABCDEFGHI......\
        .JKLMNOPQ.RS.TU.VWXYZ.[\\]^_......JKLMNOPQ.RS.TU.VWXYZ.[\\]^_.....
        """
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
