/// An option, described once: name, type, default, range, unit, meaning, secret or not.
///
/// The parser of the configuration and of the command line, `hub check`, `--help`, broker URLs, environment variables
/// and the tables of the documentation all come from this description.
public struct Option<Value: OptionValue>: Sendable {
    /// The name in YAML, in a URL and, with `--` before it, on the command line: lower case, hyphens between words.
    public let name: String
    /// What it is when it is not set.
    public let defaultValue: Value
    /// What it means, in one sentence without a full stop.
    public let meaning: String
    /// Whether its value must never be shown.
    public let isSecret: Bool
    /// Whether it must be set.
    public let isRequired: Bool
    /// The allowed values in words, where the type allows more; nil: all of the type.
    let allowed: String?
    let accepts: @Sendable (Value) -> Bool

    /// An option that takes every value of its type.
    public init(
        _ name: String, default defaultValue: Value, _ meaning: String, secret: Bool = false, required: Bool = false
    ) {
        self.name = name
        self.defaultValue = defaultValue
        self.meaning = meaning
        isSecret = secret
        isRequired = required
        allowed = nil
        accepts = { _ in true }
    }

    /// An option that takes the values of a range.
    public init(_ name: String, default defaultValue: Value, in range: ClosedRange<Value>, _ meaning: String)
    where Value: Comparable {
        self.name = name
        self.defaultValue = defaultValue
        self.meaning = meaning
        isSecret = false
        isRequired = false
        allowed = "\(range.lowerBound.optionText) to \(range.upperBound.optionText)"
        accepts = { range.contains($0) }
    }

    /// The description without its type.
    public var description: OptionDescription {
        OptionDescription(
            name: name, type: Value.typeDescription, defaultText: defaultValue.optionText, allowed: allowed,
            meaning: meaning, isSecret: isSecret, isRequired: isRequired,
            isFlag: Value.self == Bool.self, isList: Value.self == [String].self
        ) { text in
            guard let value = Value(optionText: text), accepts(value) else { return nil }
            return value
        }
    }
}

/// An option without its type, for tables and parsers.
public struct OptionDescription: Sendable {
    /// The name.
    public let name: String
    /// The type in words.
    public let type: String
    /// The default, as it would be written; empty: none.
    public let defaultText: String
    /// The allowed values in words; nil: all of the type.
    public let allowed: String?
    /// What it means.
    public let meaning: String
    /// Whether its value must never be shown.
    public let isSecret: Bool
    /// Whether it must be set.
    public let isRequired: Bool
    /// Whether it is true or false, so that a command line needs no value.
    public let isFlag: Bool
    /// Whether it is a list.
    public let isList: Bool
    /// Reads a text; nil when it is not allowed.
    public let read: @Sendable (String) -> (any OptionValue)?

    /// What is allowed, in words: type and range.
    public var allowedDescription: String { allowed.map { "\(type), \($0)" } ?? type }
}

/// Options that belong together, in the order of the documentation.
public struct OptionGroup: Sendable {
    /// The options.
    public let descriptions: [OptionDescription]

    /// These options.
    public init(_ descriptions: [OptionDescription]) { self.descriptions = descriptions }

    /// The option of this name.
    public subscript(name: String) -> OptionDescription? { descriptions.first { $0.name == name } }

    /// The option whose name is nearest to a misspelt one, where it is near enough to be meant.
    public func nearest(to name: String) -> String? { name.nearest(in: descriptions.map(\.name)) }

    /// Reads texts into values, and says of each that cannot be read why. A secret's value is not in the sentence.
    public func read(_ texts: [String: String]) -> (values: OptionValues, problems: [String: String]) {
        var values = OptionValues()
        var problems: [String: String] = [:]
        for (name, text) in texts {
            guard let option = self[name] else {
                let hint = nearest(to: name).map { "did you mean \($0)?" }
                problems[name] = "is not an option; \(hint ?? "allowed are \(descriptions.map(\.name).joined(separator: ", "))")"
                continue
            }
            if let value = option.read(text) {
                values.set(name, value)
            } else {
                problems[name] = "\(option.isSecret ? "value" : text.quoted) is not allowed; give \(option.allowedDescription)"
            }
        }
        for option in descriptions where option.isRequired && texts[option.name] == nil {
            problems[option.name] = "is not set and has no default; give \(option.allowedDescription)"
        }
        return (values, problems)
    }
}

/// The values of a group's options: what was set, and the defaults of the rest.
public struct OptionValues: Sendable {
    private var values: [String: any OptionValue] = [:]

    /// Every option at its default.
    public init() {}

    /// The value of an option, or its default.
    public subscript<Value>(option: Option<Value>) -> Value {
        get { values[option.name] as? Value ?? option.defaultValue }
        set { values[option.name] = newValue }
    }

    /// Whether an option was set.
    public func isSet(_ name: String) -> Bool { values[name] != nil }

    mutating func set(_ name: String, _ value: any OptionValue) { values[name] = value }
}
