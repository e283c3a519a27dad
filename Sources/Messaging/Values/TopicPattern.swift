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

    /// A pattern of at most `Topic.maximumBytes`; `.invalidArgument` with what is wrong in it otherwise.
    public init(_ text: String, style: Style) throws(BrokerError) {
        let size = text.utf8.count
        if size > Topic.maximumBytes {
            throw Self.error(text, "has \(size) bytes; at most \(Topic.maximumBytes) are allowed, shorten it")
        }
        var tokens: [Token] = []
        let parts = text.dotSeparated
        for (index, part) in parts.enumerated() {
            switch (part, style) {
            case ("*", _): tokens.append(.one)
            case ("#", .amqp): tokens.append(.any)
            case (">", .nats) where index == parts.count - 1: tokens.append(.rest)
            case (">", .nats):
                throw Self.error(text, "has > before its end; move it to the end, or use * for one token")
            case ("#", .nats):
                throw Self.error(text, "has #, a wildcard of AMQP; in the style of NATS write > at the end")
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

    /// Whether a topic fits. Takes at most as many steps as pattern tokens times topic tokens.
    public func matches(_ topic: Topic) -> Bool {
        let words = topic.tokens
        var (token, word) = (0, 0)
        /// Behind the last `#`, and the first word that it has not swallowed yet. Earlier ones need no second chance:
        /// what the last one may swallow covers them.
        var retry: (token: Int, word: Int)?
        while true {
            if token < tokens.count, tokens[token] == .any {
                token += 1
                retry = (token, word)
            } else if token < tokens.count, tokens[token] == .rest {
                return word < words.count
            } else if token < tokens.count, word < words.count, Self.fits(words[word], tokens[token]) {
                (token, word) = (token + 1, word + 1)
            } else if token == tokens.count, word == words.count {
                return true
            } else if let last = retry, last.word < words.count {
                retry = (last.token, last.word + 1)
                (token, word) = (last.token, last.word + 1)
            } else {
                return false
            }
        }
    }

    private static func fits(_ word: Substring, _ token: Token) -> Bool {
        if case .literal(let text) = token { word == text } else { token == .one }
    }
}
