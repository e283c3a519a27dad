import Messaging
import MessagingTesting

/// Random topics and patterns over few words, so that they meet often.
enum RandomTopics {
    private static let words = ["a", "b", "query", "request"]

    static func topic(using random: inout SeededGenerator) throws(BrokerError) -> Topic {
        try Topic(tokens(from: words, using: &random).joined(separator: "."))
    }

    static func pattern(using random: inout SeededGenerator) throws(BrokerError) -> TopicPattern {
        if Bool.random(using: &random) {
            return try TopicPattern(
                tokens(from: words + ["*", "#", "#"], using: &random).joined(separator: "."), style: .amqp)
        }
        var parts = tokens(from: words + ["*", "*"], using: &random)
        if Bool.random(using: &random) { parts.append(">") }
        return try TopicPattern(parts.joined(separator: "."), style: .nats)
    }

    private static func tokens(from words: [String], using random: inout SeededGenerator) -> [String] {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in words[Int.random(in: words.indices, using: &random)] }
    }
}
