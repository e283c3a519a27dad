/// Patterns of topics, each with a value, found by the topic that they match.
package struct PatternTrie<Value: Sendable>: Sendable {
    private var index = PatternIndex()
    private var values: [Value] = []

    package init() {}

    package mutating func insert(_ pattern: TopicPattern, _ value: Value) {
        index.insert(pattern)
        values.append(value)
    }

    /// The values of every pattern that matches, in the order in which they were inserted, each once.
    package func values(matching topic: Topic) -> [Value] { index.numbers(matching: topic).map { values[$0] } }

    /// The values of every pattern that matches a topic which this one matches too, in the order in which they were
    /// inserted, each once.
    package func values(overlapping pattern: TopicPattern) -> [Value] {
        index.numbers(overlapping: pattern).map { values[$0] }
    }
}
