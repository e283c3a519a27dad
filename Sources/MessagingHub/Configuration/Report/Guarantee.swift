public import Messaging

/// How often a message that was published is handled.
public enum Guarantee: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Once or never.
    case atMostOnce = "at-most-once"
    /// Once, or again after a failure.
    case atLeastOnce = "at-least-once"
    /// Perhaps run again, but with the effect of once.
    case effectivelyOnce = "effectively-once"

    /// In words: `at least once`.
    public var words: String { rawValue.replacing("-", with: " ") }

    /// The weaker first.
    public static func < (left: Guarantee, right: Guarantee) -> Bool { left.strength < right.strength }

    private var strength: Int {
        switch self {
        case .atMostOnce: 0
        case .atLeastOnce: 1
        case .effectivelyOnce: 2
        }
    }
}

extension Guarantee: OptionValue {}
