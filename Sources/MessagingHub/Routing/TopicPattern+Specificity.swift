import Messaging

/// How narrow a pattern is. Of the routes that match a topic, the one with the narrowest pattern takes it.
///
/// More literal tokens are narrower; then fewer wildcards for many tokens (`#`, `>`); then more tokens in all.
struct PatternSpecificity: Hashable, Sendable, Comparable {
    private let literals: Int
    private let manyTokens: Int
    private let shortest: Int

    init(_ pattern: TopicPattern) {
        var (literals, many, shortest) = (0, 0, 0)
        for token in pattern.tokens {
            switch token {
            case .literal: (literals, shortest) = (literals + 1, shortest + 1)
            case .one: shortest += 1
            case .any: many += 1
            case .rest: (many, shortest) = (many + 1, shortest + 1)
            }
        }
        (self.literals, manyTokens, self.shortest) = (literals, many, shortest)
    }

    /// The wider first.
    static func < (left: PatternSpecificity, right: PatternSpecificity) -> Bool {
        (left.literals, -left.manyTokens, left.shortest) < (right.literals, -right.manyTokens, right.shortest)
    }
}

extension TopicPattern {
    /// How narrow it is.
    var specificity: PatternSpecificity { PatternSpecificity(self) }

    /// Whether there is a topic that both match.
    func overlaps(_ other: TopicPattern) -> Bool {
        if let topic = literal { return other.matches(topic) }
        if let topic = other.literal { return matches(topic) }
        let (left, right) = (Self.unfolded(tokens), Self.unfolded(other.tokens))
        var later = [Bool](repeating: false, count: right.count + 1)
        for row in (0...left.count).reversed() {
            var current = [Bool](repeating: false, count: right.count + 1)
            for column in (0...right.count).reversed() {
                let down = row < left.count && later[column]
                let across = column < right.count && current[column + 1]
                if row == left.count, column == right.count {
                    current[column] = true
                } else if row < left.count && left[row] == .any || column < right.count && right[column] == .any {
                    current[column] = down || across
                } else if row < left.count, column < right.count, Self.agree(left[row], right[column]) {
                    current[column] = later[column + 1]
                }
            }
            later = current
        }
        return later[0]
    }

    /// `>` as `*` and `#`.
    private static func unfolded(_ tokens: [Token]) -> [Token] {
        tokens.flatMap { $0 == .rest ? [.one, .any] : [$0] }
    }

    private static func agree(_ left: Token, _ right: Token) -> Bool { left == .one || right == .one || left == right }
}
