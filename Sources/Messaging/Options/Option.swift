/// An option, described once: name, type, default, range, unit, meaning, secret or not, since when.
///
/// The parser of the configuration and of the command line, `hub check`, `hub describe`, `--help`, the schema for editors,
/// broker URLs, environment variables, completions and the tables of the documentation all come from this description.
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
    /// The part of a broker URL that sets it; nil: the query alone.
    public private(set) var urlPart: URLPart?
    /// The environment variables that are read where nothing else sets it, the first that is set. Default: none.
    public private(set) var variables: [String] = []
    /// Values to show where it is explained, as they would be written.
    public private(set) var examples: [String] = []
    /// What a number counts; nil where its type says it, or where it counts nothing.
    public private(set) var unit: String?
    /// The version of this library in which it appeared.
    public private(set) var since = LibraryVersion.first
    /// What it is in any type of broker: options of two types that have the same are each other's counterparts.
    public private(set) var concept: String?
    /// What it is called elsewhere, such as in a broker's own files: for who writes that.
    public private(set) var otherNames: [String] = []
    /// The least and the greatest value, as they would be written; nil: all of the type.
    let bounds: (least: String, greatest: String)?
    let accepts: @Sendable (Value) -> Bool
    /// Whether an item of a list may have commas in it.
    private var hasWholeItems = false
    private var caution: @Sendable (Value) -> OptionCaution? = { _ in nil }

    /// An option that takes every value of its type.
    public init(
        _ name: String, default defaultValue: Value, _ meaning: String, secret: Bool = false, required: Bool = false
    ) {
        self.name = name
        self.defaultValue = defaultValue
        self.meaning = meaning
        isSecret = secret
        isRequired = required
        bounds = nil
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
        bounds = (range.lowerBound.optionText, range.upperBound.optionText)
        accepts = { range.contains($0) }
    }

    /// An option that need not be set, and that takes the values of a range.
    public init<Wrapped>(_ name: String, in range: ClosedRange<Wrapped>, _ meaning: String)
    where Wrapped: OptionValue & Comparable, Value == Wrapped? {
        self.name = name
        defaultValue = nil
        self.meaning = meaning
        isSecret = false
        isRequired = false
        bounds = (range.lowerBound.optionText, range.upperBound.optionText)
        accepts = { value in value.map(range.contains) ?? true }
    }

    /// The same option, set by this part of a broker URL too.
    public func inURL(_ part: URLPart) -> Option { with { $0.urlPart = part } }

    /// The same option, read from these environment variables where nothing else sets it: the first that is set.
    public func variable(_ names: String...) -> Option { with { $0.variables = names } }

    /// The same option, explained by these values.
    public func examples(_ examples: String...) -> Option { with { $0.examples = examples } }

    /// The same option, with what is to be said of values that are allowed but not safe.
    public func caution(_ caution: @escaping @Sendable (Value) -> OptionCaution?) -> Option {
        with { $0.caution = caution }
    }

    /// The same option, whose number counts this.
    public func unit(_ unit: String) -> Option { with { $0.unit = unit } }

    /// The same option, a list whose items may have commas in them: on a command line it is given once for each.
    public func wholeItems() -> Option { with { $0.hasWholeItems = true } }

    /// The same option, which appeared in this version.
    public func since(_ version: LibraryVersion) -> Option { with { $0.since = version } }

    /// The same option, which is this in any type of broker; and what it is called elsewhere.
    public func concept(_ concept: String? = nil, knownAs otherNames: String...) -> Option {
        with {
            $0.concept = concept
            $0.otherNames = otherNames
        }
    }

    private func with(_ edit: (inout Option) -> Void) -> Option {
        var option = self
        edit(&option)
        return option
    }

    /// The description without its type.
    public var description: OptionDescription {
        OptionDescription(
            name: name, type: Value.typeDescription, form: Value.optionForm, defaultText: defaultValue.optionText,
            bounds: bounds, unit: unit, since: since, meaning: meaning, isSecret: isSecret, isRequired: isRequired,
            concept: concept, otherNames: otherNames, hasWholeItems: hasWholeItems, urlPart: urlPart,
            variables: variables, examples: examples,
            read: { text in Value(optionText: text).flatMap { accepts($0) ? $0 : nil } },
            readList: { items in (items as? Value).flatMap { accepts($0) ? $0 : nil } },
            accepts: { value in (value as? Value).map(accepts) ?? false },
            cautionFor: { value in caution((value as? Value) ?? defaultValue) })
    }
}

/// A part of a broker URL, `scheme://username:password@host:port/path?option=value`.
public enum URLPart: String, Hashable, Sendable, CaseIterable {
    /// The user's name.
    case username
    /// The password.
    case password
    /// The one host.
    case host
    /// The one host's port.
    case port
    /// All hosts with their ports, a list: `one:9092,two:9092`.
    case hosts
    /// What follows the first slash.
    case path
    /// True where the scheme has an `s` at its end: `amqps`, `rediss`.
    case secureScheme
}

/// What is to be said of a value that is allowed but not safe.
public struct OptionCaution: Hashable, Sendable {
    /// What may happen, and what to do: one sentence without a full stop.
    public let sentence: String
    /// Whether messages may be lost because of it, so that a route promises "at most once" and no more.
    public let losesMessages: Bool

    /// A caution.
    public init(_ sentence: String, losesMessages: Bool = false) {
        self.sentence = sentence
        self.losesMessages = losesMessages
    }
}
