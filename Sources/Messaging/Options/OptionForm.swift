/// What the values of an option's type look like, as data: for a schema, for a completion, for a page.
public enum OptionForm: Hashable, Sendable {
    /// A text; where there is a pattern, a regular expression of ECMAScript, one that fits it.
    case text(pattern: String?)
    /// A whole number.
    case integer
    /// A number.
    case number
    /// True or false.
    case flag
    /// A duration with its units.
    case duration
    /// A number of bytes, with a unit or without.
    case size
    /// One of these words.
    case word([String])
    /// Texts.
    case list
    /// A broker's name, or its URL.
    case broker

    /// The regular expression that a value fits which is written as a text; nil: any text does.
    public var pattern: String? {
        switch self {
        case .text(let pattern): pattern
        case .integer: "^[+-]?[0-9]+(_+[0-9]+)*$"
        case .number: "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$"
        case .flag: "^(true|false)$"
        case .duration: "^([0-9]+(\(Duration.unitNames.joined(separator: "|"))))+$"
        case .size: "^[0-9]+(\(ByteCount.unitNames.joined(separator: "|")))?$"
        case .word(let words): "^(\(words.joined(separator: "|")))$"
        case .list, .broker: nil
        }
    }

    /// The units that its values carry themselves; empty: none.
    public var ownUnits: [String] {
        switch self {
        case .duration: Duration.unitNames
        case .size: ByteCount.unitNames
        default: []
        }
    }
}
