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
        var trie = PatternTrie<Int>()
        for (index, pattern) in patterns.enumerated() { trie.insert(pattern, index) }
        for _ in 0..<100 {
            let topic = try RandomTopics.topic(using: &random)
            #expect(trie.values(matching: topic) == patterns.indices.filter { patterns[$0].matches(topic) })
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
    }
}
