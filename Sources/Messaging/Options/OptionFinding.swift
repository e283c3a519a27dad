/// What a look at the values of several options together has found.
public struct OptionFinding: Hashable, Sendable {
    /// The name of the option that is to be changed.
    public let option: String
    /// What is wrong, or may happen, and what to do: one sentence without a full stop and without values.
    public let sentence: String
    /// Whether nothing can start like this; else it is to be pointed out.
    public let isProblem: Bool

    /// Something that cannot start like this.
    public static func problem(_ option: String, _ sentence: String) -> OptionFinding {
        OptionFinding(option: option, sentence: sentence, isProblem: true)
    }

    /// Something that works and is not safe.
    public static func caution(_ option: String, _ sentence: String) -> OptionFinding {
        OptionFinding(option: option, sentence: sentence, isProblem: false)
    }
}
