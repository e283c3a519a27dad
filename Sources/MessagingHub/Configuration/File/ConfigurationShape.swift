public import Messaging

/// What a mapping of a configuration file may hold: options, and mappings in their turn. The reader, and every table or
/// schema of the whole file, are derived from it.
public struct ConfigurationShape: Sendable {
    /// The options.
    public var options: OptionGroup
    /// The mappings.
    public var sections: [Section]
    /// Which of them must stand there, or must not stand there together, beside the options that are required. For a schema:
    /// whoever loads the mapping says what is wrong.
    public var rules: [Rule]

    /// A mapping of these.
    public init(_ options: OptionGroup = OptionGroup([]), sections: [Section] = [], rules: [Rule] = []) {
        self.options = options
        self.sections = sections
        self.rules = rules
    }

    /// What holds between the keys of a mapping.
    public enum Rule: Hashable, Sendable {
        /// This one must stand there.
        case needs(String)
        /// One of the two must stand there, and not the other.
        case either(String, String)
        /// The two must not stand there together.
        case notBoth(String, String)
    }

    /// Whether nothing has to stand there, so that the mapping may be left out behind its name.
    var needsNothing: Bool {
        let isNeeded = rules.contains { if case .notBoth = $0 { false } else { true } }
        return !isNeeded && !options.descriptions.contains(where: \.isRequired)
    }

    /// A mapping in a mapping.
    public struct Section: Sendable {
        /// Its key.
        public let name: String
        /// What it means, in one sentence without a full stop.
        public let meaning: String
        /// What it holds.
        public let content: Content

        /// A section of this name.
        public init(_ name: String, _ meaning: String, _ content: Content) {
            self.name = name
            self.meaning = meaning
            self.content = content
        }
    }

    /// What a section holds.
    public indirect enum Content: Sendable {
        /// Named options and sections; where there is a shorthand, a single value stands for that option.
        case shape(ConfigurationShape, shorthand: String? = nil)
        /// Entries that the writer names, all of one shape.
        case entries(of: ConfigurationShape)
        /// Entries that the writer names, each of a shape that its broker type decides.
        case brokers
        /// Texts that the writer names.
        case texts

        /// The option that a single value stands for; nil where none may stand there.
        public var shorthandOption: OptionDescription? {
            if case .shape(let shape, let name?) = self { shape.options[name] } else { nil }
        }
    }

    /// Every key that may stand here.
    var keys: [String] { options.descriptions.map(\.name) + sections.map(\.name) }

    /// What may be meant by a key that may not stand here: one that may, or one of a mapping in this one.
    func hint(for name: String) -> String? {
        let written = name.replacing("_", with: "-").lowercased()
        if keys.contains(written) { return "did you mean \(written)?" }
        let below = keys(below: [], profiles: []).map(\.path).filter { path in
            path.count > 1 && path.last == written && !path.contains(ConfigurationKey.placeholder)
        }
        if let place = below.min(by: { $0.count < $1.count }) {
            return "did you mean \(place.joined(separator: "."))?"
        }
        return name.nearest(in: keys).map { "did you mean \($0)?" }
    }

    func section(_ name: String) -> Section? { sections.first { $0.name == name } }
}
