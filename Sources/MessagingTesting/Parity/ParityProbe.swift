public import Messaging

/// One question that is put in the same words to a broker and to memory with that broker's profile.
///
/// A profile promises that what passes in memory passes live, and that what is refused in memory is refused live. A probe
/// is good or bad input at the edge of a limit, a name, a conflict; the answers are compared by their codes.
public struct ParityProbe: Sendable, CustomStringConvertible {
    /// What is asked.
    public let description: String
    let ask: @Sendable (ParityBench) async throws -> Void

    init(_ description: String, ask: @escaping @Sendable (ParityBench) async throws -> Void) {
        self.description = description
        self.ask = ask
    }

    /// Every probe.
    public static let all: [ParityProbe] =
        messages + fields + headers + names + declarations + conflicts + subscriptions + settlements + endings
}

/// What a broker answered to a probe.
public enum ParityAnswer: Hashable, Sendable, CustomStringConvertible {
    /// It did it.
    case accepted
    /// It did not, with this code.
    case refused(BrokerError.Code)
    /// It may have done it, with this code.
    case unknown(BrokerError.Code)
    /// It answered a settlement with `stale`.
    case stale

    /// `accepted`, `refused with tooLarge`.
    public var description: String {
        switch self {
        case .accepted: "accepted"
        case .refused(let code): "refused with \(code)"
        case .unknown(let code): "unknown with \(code)"
        case .stale: "stale"
        }
    }
}

/// Thrown by a probe whose settlement was answered with `stale`.
struct StaleAnswer: Error {}
