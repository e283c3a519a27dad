import Messaging
import MessagingTesting
import Testing

@Suite struct PatternTrieTests {
    @Test func findsValuesInTheOrderOfInsertion() throws {
        var trie = PatternTrie<String>()
        for text in ["#", "orders.created", "orders.*", "payments.#", "*.created", "orders.created"] {
            trie.insert(try TopicPattern(text, style: .amqp), text)
        }
        #expect(
            trie.values(matching: "orders.created") == [
                "#", "orders.created", "orders.*", "*.created", "orders.created",
            ])
        #expect(trie.values(matching: "payments") == ["#", "payments.#"])
        #expect(PatternTrie<Int>().values(matching: "orders") == [])
    }

    @Test("S0-73 finding what matches takes no longer among 10,000 patterns than among 100, but for a little")
    func lookUpIsSublinear() throws {
        let (few, many) = (try lookUp(among: 100), try lookUp(among: 10_000))
        #expect(many < few * 5, "\(few) among 100, \(many) among 10,000")
    }

    /// The quickest of twenty rounds of look-ups, each topic with one pattern of its own.
    private func lookUp(among count: Int) throws -> Duration {
        var trie = PatternTrie<Int>()
        for number in 0..<count {
            trie.insert(try TopicPattern("shop\(number % 100).orders\(number).*.#", style: .amqp), number)
        }
        let topics = try (0..<100).map { index in
            let number = index * (count / 100)
            return (number, try Topic("shop\(number % 100).orders\(number).new.t\(index)"))
        }
        let rounds = (0..<20).map { _ in
            ContinuousClock().measure {
                for (number, topic) in topics where trie.values(matching: topic) != [number] {
                    Issue.record("\(topic)")
                }
            }
        }
        return rounds.min() ?? .zero
    }

    @Test func bothStylesShareOneTrie() throws {
        var trie = PatternTrie<Int>()
        trie.insert(try TopicPattern("orders.#", style: .amqp), 1)
        trie.insert(try TopicPattern("orders.>", style: .nats), 2)
        #expect(trie.values(matching: "orders") == [1])
        #expect(trie.values(matching: "orders.eu.created") == [1, 2])
    }

    /// The model: a list of patterns, each asked by itself.
    @Test(arguments: 0..<40 as Range<UInt64>) func answersAsEveryPatternByItself(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let patterns = try (0..<60).map { _ in try RandomTopics.pattern(using: &random) }
        var (trie, index) = (PatternTrie<Int>(), PatternIndex())
        for (number, pattern) in patterns.enumerated() {
            trie.insert(pattern, number)
            index.insert(pattern)
        }
        for _ in 0..<100 {
            let topic = try RandomTopics.topic(using: &random)
            #expect(trie.values(matching: topic) == patterns.indices.filter { patterns[$0].matches(topic) })
            #expect(index.first(matching: topic) == patterns.indices.first { patterns[$0].matches(topic) })
        }
    }

    /// The model: each pair of patterns, compared by itself.
    @Test(arguments: 0..<40 as Range<UInt64>) func findsWhatOverlapsAsEveryPairByItself(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let patterns = try (0..<60).map { _ in try RandomTopics.pattern(using: &random) }
        var trie = PatternTrie<Int>()
        for (index, pattern) in patterns.enumerated() { trie.insert(pattern, index) }
        for _ in 0..<60 {
            let pattern = try RandomTopics.pattern(using: &random)
            #expect(
                trie.values(overlapping: pattern) == patterns.indices.filter { patterns[$0].overlaps(pattern) },
                "\(pattern) among \(patterns)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func hostilePatternsStaySmallWork() throws {
        let topic = try Topic(Array(repeating: "a", count: 124).joined(separator: "."))
        var trie = PatternTrie<Int>()
        let hostile = Array(repeating: "#", count: 123).joined(separator: ".")
        trie.insert(try TopicPattern(hostile, style: .amqp), 0)
        trie.insert(try TopicPattern("\(hostile).b", style: .amqp), 1)
        trie.insert(try TopicPattern(Array(repeating: "#.a", count: 60).joined(separator: "."), style: .amqp), 2)
        trie.insert(try TopicPattern(Array(repeating: "#.a", count: 60).joined(separator: ".") + ".b", style: .amqp), 3)
        #expect(trie.values(matching: topic) == [0, 2])
        #expect(trie.values(overlapping: try TopicPattern(hostile, style: .amqp)) == [0, 1, 2, 3])
    }
}

extension TopicPattern {
    /// Whether there is a topic that both match.
    fileprivate func overlaps(_ other: TopicPattern) -> Bool {
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
