/// A pattern of topics, in the style of AMQP or of NATS. Both compile to the same tokens.
public struct TopicPattern: Hashable, Sendable, CustomStringConvertible {
    /// Whose wildcards a pattern uses.
    public enum Style: String, Hashable, Sendable, CaseIterable {
        /// `*` is one token, `#` is zero or more, anywhere.
        case amqp
        /// `*` is one token, `>` is one or more, at the end.
        case nats
    }

    /// A piece of a pattern.
    public enum Token: Hashable, Sendable {
        /// This token.
        case literal(String)
        /// One token, whichever.
        case one
        /// Zero or more tokens.
        case any
        /// One or more tokens, to the end.
        case rest
    }

    /// The pattern as it was written.
    public let text: String
    /// Whose wildcards it uses.
    public let style: Style
    /// What it compiles to.
    public let tokens: [Token]

    /// A pattern; `.invalidArgument` with what is wrong in it otherwise.
    public init(_ text: String, style: Style) throws(BrokerError) {
        var tokens: [Token] = []
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            switch (part, style) {
            case ("*", _): tokens.append(.one)
            case ("#", .amqp): tokens.append(.any)
            case (">", .nats) where index == parts.count - 1: tokens.append(.rest)
            case (">", .nats): throw Self.error(text, "has > before its end; move it to the end, or use * for one token")
            case ("#", .nats): throw Self.error(text, "has #, a wildcard of AMQP; in the style of NATS write > at the end")
            case (">", .amqp): throw Self.error(text, "has >, a wildcard of NATS; in the style of AMQP write #")
            default:
                if let problem = Topic.problem(in: String(part)) {
                    throw Self.error(text, "has the token \(String(part).quoted), which \(problem)")
                }
                tokens.append(.literal(String(part)))
            }
        }
        self.text = text
        self.style = style
        self.tokens = tokens
    }

    /// The pattern that matches one topic.
    public init(_ topic: Topic) {
        text = topic.name
        style = .amqp
        tokens = topic.tokens.map { .literal(String($0)) }
    }

    private static func error(_ text: String, _ problem: String) -> BrokerError {
        BrokerError(.invalidArgument, "pattern \(text.quoted) \(problem)")
    }

    /// The pattern as it was written.
    public var description: String { text }

    /// The topic, where the pattern has no wildcard.
    public var literal: Topic? {
        for token in tokens { if case .literal = token { continue } else { return nil } }
        return Topic(unchecked: text)
    }

    /// Whether a topic fits.
    public func matches(_ topic: Topic) -> Bool { Self.matches(tokens[...], topic.tokens[...]) }

    private static func matches(_ pattern: ArraySlice<Token>, _ words: ArraySlice<Substring>) -> Bool {
        guard let token = pattern.first else { return words.isEmpty }
        let rest = pattern.dropFirst()
        switch token {
        case .literal(let text): return words.first.map { $0 == text } ?? false && matches(rest, words.dropFirst())
        case .one: return !words.isEmpty && matches(rest, words.dropFirst())
        case .rest: return !words.isEmpty
        case .any: return matches(rest, words) || !words.isEmpty && matches(pattern, words.dropFirst())
        }
    }
}
