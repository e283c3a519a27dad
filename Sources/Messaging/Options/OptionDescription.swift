/// An option without its type, for tables and parsers.
public struct OptionDescription: Sendable {
    /// The name.
    public let name: String
    /// The type in words.
    public let type: String
    /// The same as data.
    public let form: OptionForm
    /// The default, as it would be written; empty: none.
    public let defaultText: String
    /// The least and the greatest value, as they would be written; nil: all of the type.
    public let bounds: (least: String, greatest: String)?
    /// What a number counts; nil where its type says it, or where it counts nothing.
    public let unit: String?
    /// The version of this library in which it appeared.
    public let since: LibraryVersion
    /// What it means.
    public let meaning: String
    /// Whether its value must never be shown.
    public let isSecret: Bool
    /// Whether it must be set.
    public let isRequired: Bool
    /// What it is in any type of broker: options of two types that have the same are each other's counterparts.
    public let concept: String?
    /// What it is called elsewhere, such as in a broker's own files.
    public let otherNames: [String]
    /// Whether an item of the list may have commas in it, so that a command line is not split at them.
    public let hasWholeItems: Bool
    /// The part of a broker URL that sets it; nil: the query alone.
    public let urlPart: URLPart?
    /// The environment variables that are read where nothing else sets it, the first that is set.
    public let variables: [String]
    /// Values to show where it is explained.
    public let examples: [String]
    /// Reads a text; nil when it is not allowed.
    public let read: @Sendable (String) -> (any OptionValue)?
    /// Reads the items of a list; nil when they are not allowed, or it is not a list.
    public let readList: @Sendable ([String]) -> (any OptionValue)?
    let accepts: @Sendable (any OptionValue) -> Bool
    let cautionFor: @Sendable ((any OptionValue)?) -> OptionCaution?

    /// Its environment variables, in words; nil: it has none.
    public var variable: String? { variables.isEmpty ? nil : variables.joined(separator: ", else ") }

    /// The first of its variables that is set there, and its value.
    public func variable(in environment: [String: String]) -> (name: String, text: String)? {
        for name in variables { if let text = environment[name] { return (name, text) } }
        return nil
    }

    /// Whether it is true or false, so that a command line needs no value.
    public var isFlag: Bool { form == .flag }
    /// Whether it is a list.
    public var isList: Bool { form == .list }
    /// Whether it is a broker, by its name or by its URL.
    public var isBroker: Bool { form == .broker }

    /// The allowed values in words; nil: all of the type.
    public var allowed: String? {
        bounds.map { $0.least == $0.greatest ? $0.least : "\($0.least) to \($0.greatest)" }
    }

    /// What is allowed, in words: type and range.
    public var allowedDescription: String { allowed.map { "\(type), \($0)" } ?? type }

    /// The same, with what a number counts: `integer, 1 to 1000 (runs)`.
    public var allowedWithUnit: String { unit.map { "\(allowedDescription) (\($0))" } ?? allowedDescription }

    /// What to do about a value that is not allowed: what may be meant by it, and what may be given. Without the text
    /// where that may not be shown.
    package func remedy(for text: String?) -> String {
        let all = "give \(allowedDescription)"
        guard let text, let meant = meant(by: text), meant != text, read(meant) != nil else { return all }
        return "did you mean \(meant)? \(all)"
    }

    private func meant(by text: String) -> String? {
        let plain = text.filter { !$0.isWhitespace }
        switch form {
        case .word(let words): return text.lowercased().replacing("_", with: "-").nearest(in: words)
        case .flag:
            if ["yes", "on", "1", "y"].contains(plain.lowercased()) { return "true" }
            if ["no", "off", "0", "n"].contains(plain.lowercased()) { return "false" }
            return plain.lowercased().nearest(in: ["true", "false"])
        case .duration: return Int(plain) == nil ? plain.lowercased() : "\(plain)s"
        case .size: return plain.replacing("b", with: "B").replacing("K", with: "k").replacing("kiB", with: "KiB")
        case .integer: return plain.replacing(",", with: "")
        default: return nil
        }
    }

    /// What is to be said of this option's value among others; nil when it is safe.
    public func caution(in values: OptionValues) -> OptionCaution? { cautionFor(values[untyped: name]) }
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

    /// The option that a part of a broker URL sets.
    public func option(for part: URLPart) -> OptionDescription? { descriptions.first { $0.urlPart == part } }

    /// Reads texts into values, and says of each that cannot be read why. A secret's value is not in the sentence.
    public func read(_ texts: [String: String]) -> (values: OptionValues, problems: [String: String]) {
        var values = OptionValues()
        var problems: [String: String] = [:]
        for (name, text) in texts {
            guard let option = self[name] else {
                let hint = nearest(to: name).map { "did you mean \($0)?" }
                let names = descriptions.map(\.name).joined(separator: ", ")
                problems[name] = "is not an option; \(hint ?? "allowed are \(names)")"
                continue
            }
            if let value = option.read(text) {
                values.set(name, value)
            } else {
                let shown = option.isSecret ? "the value" : text.quoted
                let remedy = option.remedy(for: option.isSecret ? nil : text)
                problems[name] = "\(shown) is not allowed; \(remedy)"
            }
        }
        for option in descriptions where option.isRequired && texts[option.name] == nil {
            problems[option.name] = "is not set and has no default; give \(option.allowedDescription)"
        }
        return (values, problems)
    }

    /// What is wrong with values that a program has set, by name; `texts` are the values, unless they are secret.
    public func problems(in values: OptionValues) -> [(name: String, text: String?, sentence: String)] {
        let unknown = values.names.filter { self[$0] == nil }.sorted()
        var problems = unknown.map { name in
            (name, String?.none, "is not an option; \(nearest(to: name).map { "did you mean \($0)?" } ?? "remove it")")
        }
        for option in descriptions {
            if let value = values[untyped: option.name] {
                if option.accepts(value) { continue }
                let text = option.isSecret ? nil : value.optionText
                problems.append((option.name, text, "is not allowed; give \(option.allowedDescription)"))
            } else if option.isRequired {
                let sentence = "is not set and has no default; give \(option.allowedDescription)"
                problems.append((option.name, nil, sentence))
            }
        }
        return problems
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

    /// What was set, as it would be written, by the options' names.
    package var texts: [String: String] { values.mapValues(\.optionText) }

    /// The names of the options that were set.
    public var names: [String] { Array(values.keys) }

    package subscript(untyped name: String) -> (any OptionValue)? { values[name] }

    package mutating func remove(_ name: String) { values[name] = nil }

    package mutating func set(_ name: String, _ value: any OptionValue) { values[name] = value }
}
