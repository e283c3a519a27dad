/// What ties a reply to its request: 128 random bits, which nobody guesses who has not seen the request.
public struct CorrelationID: Hashable, Sendable, LosslessStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// A new one, drawn from the system's generator.
    public init() {
        var random = SystemRandomNumberGenerator()
        high = random.next()
        low = random.next()
    }

    /// Reads 32 lower-case hexadecimal digits; nil when it is anything else.
    public init?(_ description: String) {
        var (high, low, count): (UInt64, UInt64, Int) = (0, 0, 0)
        for byte in description.utf8 {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: return nil
            }
            count += 1
            if count > 32 { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
        guard count == 32 else { return nil }
        self.high = high
        self.low = low
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String { [high, low].map(Self.digits).joined() }

    private static func digits(_ bits: UInt64) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
