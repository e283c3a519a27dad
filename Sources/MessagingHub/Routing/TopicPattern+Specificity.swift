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

    /// Whether there is a topic that both match. Of many patterns a `PatternTrie` is to be asked.
    func overlaps(_ other: TopicPattern) -> Bool {
        var trie = PatternTrie<Bool>()
        trie.insert(self, true)
        return !trie.values(overlapping: other).isEmpty
    }
}
