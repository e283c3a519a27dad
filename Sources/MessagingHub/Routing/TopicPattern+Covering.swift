import Messaging

extension TopicPattern {
    /// Whether every topic that another pattern matches is matched by this one.
    func covers(_ other: TopicPattern) -> Bool { Self.covers(tokens[...], other.tokens[...]) }

    private static func covers(_ pattern: ArraySlice<Token>, _ words: ArraySlice<Token>) -> Bool {
        guard let token = pattern.first else { return words.isEmpty }
        let rest = pattern.dropFirst()
        switch token {
        case .literal, .one:
            guard let word = words.first else { return false }
            return (word == token || token == .one && word.isOneToken) && covers(rest, words.dropFirst())
        case .rest:
            return words.contains { $0 != .any }
        case .any:
            return covers(rest, words) || !words.isEmpty && covers(pattern, words.dropFirst())
        }
    }
}

extension TopicPattern.Token {
    fileprivate var isOneToken: Bool {
        switch self {
        case .literal, .one: true
        case .any, .rest: false
        }
    }
}
