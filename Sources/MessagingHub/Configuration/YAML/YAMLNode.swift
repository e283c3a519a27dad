/// A piece of a YAML document, with the place where it stands. Variables are replaced, aliases and merge keys resolved.
struct YAMLNode: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        /// A plain scalar that is empty, `~` or `null`.
        case null
        case scalar(Scalar)
        case sequence([YAMLNode])
        /// The entries in their order, each key once.
        case mapping([Entry])
    }

    enum Style: Hashable, Sendable {
        case plain
        case quoted
    }

    struct Scalar: Hashable, Sendable {
        var text: String
        var style: Style
        /// The variables that the text was made from; what came from a variable is not shown in messages.
        var variables: [String] = []
        /// The text as it stands in the file, where it was made from variables.
        var written: String?
        /// Whether its variables could not be replaced, which has been said already.
        var isUnusable = false
    }

    struct Entry: Hashable, Sendable {
        var key: String
        var keyMark: YAMLMark
        var value: YAMLNode
    }

    var mark: YAMLMark
    var content: Content

    /// What it is, in words: `is a list`, `is a mapping`, `is a single value`, `has no value`.
    var kindInWords: String {
        switch content {
        case .null: "has no value"
        case .scalar: "is a single value"
        case .sequence: "is a list"
        case .mapping: "is a mapping"
        }
    }

    var scalar: Scalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    var entries: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    var isNull: Bool { content == .null }

    subscript(key: String) -> YAMLNode? { entries?.first { $0.key == key }?.value }
}

/// A place in a file: line and column, from 1.
struct YAMLMark: Hashable, Sendable {
    var line: Int
    var column: Int
}

/// Why a text is not the YAML that a configuration may be.
struct YAMLProblem: Error, Hashable, Sendable {
    var mark: YAMLMark?
    /// The keys that lead to the value; empty where it is about the file as a whole.
    var keys: [String] = []
    var sentence: String
}
