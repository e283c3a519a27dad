import Messaging
import Testing

@testable import MessagingHub

@Suite struct TopicPatternOverlapTests {
    private static let words = ["a", "b", "c"]

    /// Every topic of up to five tokens over three words.
    private static let topics: [Topic] = {
        var all: [Topic] = []
        var last = [""]
        for _ in 0..<5 {
            last = last.flatMap { prefix in words.map { prefix.isEmpty ? $0 : "\(prefix).\($0)" } }
            all += last.map { Topic(unchecked: $0) }
        }
        return all
    }()

    private static let patterns: [TopicPattern] = {
        var texts = [""]
        var all: [TopicPattern] = []
        for _ in 0..<3 {
            texts = texts.flatMap { prefix in ["a", "b", "*", "#"].map { prefix.isEmpty ? $0 : "\(prefix).\($0)" } }
            all += texts.compactMap { try? TopicPattern($0, style: .amqp) }
        }
        return all + ["a.>", "*.>", ">", "a.*.>"].compactMap { try? TopicPattern($0, style: .nats) }
    }()

    @Test("Two patterns overlap exactly where some topic matches both")
    func againstTopics() {
        let matching = Self.patterns.map { pattern in
            Set(Self.topics.indices.filter { pattern.matches(Self.topics[$0]) })
        }
        for (left, one) in Self.patterns.enumerated() {
            for (right, other) in Self.patterns.enumerated() where left <= right {
                let expected = !matching[left].isDisjoint(with: matching[right])
                #expect(one.overlaps(other) == expected, "\(one) and \(other)")
                #expect(other.overlaps(one) == expected, "\(other) and \(one)")
            }
        }
    }

    @Test("A pattern that covers another matches whatever that matches, and each covers itself")
    func covering() {
        let matching = Self.patterns.map { pattern in
            Set(Self.topics.indices.filter { pattern.matches(Self.topics[$0]) })
        }
        for (left, one) in Self.patterns.enumerated() {
            #expect(one.covers(one), "\(one)")
            for (right, other) in Self.patterns.enumerated() where one.covers(other) {
                #expect(matching[left].isSuperset(of: matching[right]), "\(one) and \(other)")
            }
        }
    }

    @Test("Whether one covers another is known at once, whatever the patterns", .timeLimit(.minutes(1)))
    func longCovering() throws {
        let many = try TopicPattern(Array(repeating: "#.a", count: 40).joined(separator: ".") + ".b", style: .amqp)
        let long = Array(repeating: "a", count: 120).joined(separator: ".")
        #expect(!many.covers(try TopicPattern(long + ".c", style: .amqp)))
        #expect(many.covers(try TopicPattern(long + ".b", style: .amqp)))
    }
}
