public import Messaging

/// What a mapping of a configuration file may hold: options, and mappings in their turn. The reader, and every table or
/// schema of the whole file, are derived from it.
public struct ConfigurationShape: Sendable {
    /// The options.
    public var options: OptionGroup
    /// The mappings.
    public var sections: [Section]

    /// A mapping of these.
    public init(_ options: OptionGroup = OptionGroup([]), sections: [Section] = []) {
        self.options = options
        self.sections = sections
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
