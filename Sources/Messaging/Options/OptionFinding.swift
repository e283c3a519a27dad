/// What a look at the values of several options together has found.
public struct OptionFinding: Hashable, Sendable {
    /// The name of the option that is to be changed.
    public let option: String
    /// What is wrong, or may happen, and what to do: one sentence without a full stop and without values.
    public let sentence: String
    /// Whether nothing can start like this; else it is to be pointed out.
    public let isProblem: Bool
    /// The other options that it was concluded from: nothing is said where one of them could not be read.
    public var others: [String] = []

    /// Something that cannot start like this, concluded from these other options too.
    public static func problem(_ option: String, _ sentence: String, with others: String...) -> OptionFinding {
        OptionFinding(option: option, sentence: sentence, isProblem: true, others: others)
    }

    /// What is to be said of two options of which one is set and the other is not; nothing where both are, or neither.
    public static func together(
        _ one: (name: String, isSet: Bool), _ other: (name: String, isSet: Bool)
    ) -> [OptionFinding] {
        if one.isSet == other.isSet { return [] }
        let (set, missing) = one.isSet ? (one.name, other.name) : (other.name, one.name)
        return [.problem(set, "is set without \(missing); set both", with: missing)]
    }

    /// Something that works and is not safe.
    public static func caution(_ option: String, _ sentence: String) -> OptionFinding {
        OptionFinding(option: option, sentence: sentence, isProblem: false)
    }
}
