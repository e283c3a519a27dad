/// What a handler does with an event: decided by the seed and the event's place alone.
enum DemoFate: Hashable, Sendable {
    /// It returns at once.
    case handled
    /// It fails this many times, and then returns.
    case fails(times: Int)
    /// It fails always.
    case failsAlways

    /// The fate of an event. Of those that fail, a fifth fail always, where `mayFailAlways`; the others once or twice.
    static func of(_ index: Int, seed: Int, failRate: Double, mayFailAlways: Bool) -> DemoFate {
        let bits = mixed(UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: Int64(index)))
        guard Double(bits >> 11) * 0x1p-53 < failRate else { return .handled }
        switch mixed(bits) % 5 {
        case 0: return mayFailAlways ? .failsAlways : .fails(times: 2)
        case 1: return .fails(times: 2)
        default: return .fails(times: 1)
        }
    }

    /// SplitMix64's finalizer (Steele, Lea, Flood 2014).
    private static func mixed(_ number: UInt64) -> UInt64 {
        var z = number &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// Whether the run of this number, from 1, fails.
    func fails(run: Int32) -> Bool {
        switch self {
        case .handled: false
        case .fails(let times): run <= times
        case .failsAlways: true
        }
    }
}

/// What a handler of the demonstration throws on purpose.
struct DemoFailure: Error, CustomStringConvertible {
    let description = "failed on purpose"
}
