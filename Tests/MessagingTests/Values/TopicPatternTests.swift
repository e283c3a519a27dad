import Messaging
import MessagingTesting
import Testing

@Suite struct TopicPatternTests {
    @Test(
        "S2-30 # matches zero or more words",
        arguments: [
            ("#", "query", true), ("#", "query.request.eu", true), ("query.#", "query", true),
            ("query.#", "query.request", true), ("query.#", "query.request.eu", true),
            ("query.#", "data.request", false),
            ("#.request", "request", true), ("#.request", "data.eu.request", true),
            ("#.request", "data.response", false),
            ("query.#.eu", "query.eu", true), ("query.#.eu", "query.a.b.eu", true), ("query.#.eu", "query.a.b", false),
            ("#.a.#.a", "a", false), ("#.a.#.a", "a.a", true), ("#.a.#.a", "b.a.b.a", true), ("#.#", "a", true),
            ("#.*", "a", true), ("*.#.*", "a", false), ("*.#.*", "a.b", true),
        ])
    func hash(pattern: String, topic: String, matches: Bool) throws {
        #expect(try TopicPattern(pattern, style: .amqp).matches(Topic(topic)) == matches)
    }

    @Test(
        "S2-31 * matches exactly one word", arguments: TopicPattern.Style.allCases,
        [
            ("*", "query", true), ("*", "query.request", false), ("query.*", "query", false),
            ("query.*", "query.request", true), ("query.*", "query.request.eu", false),
            ("*.request", "query.request", true), ("*.*", "query.request", true), ("*.*", "query", false),
        ])
    func star(style: TopicPattern.Style, vector: (pattern: String, topic: String, matches: Bool)) throws {
        #expect(try TopicPattern(vector.pattern, style: style).matches(Topic(vector.topic)) == vector.matches)
    }

    @Test func aDotIsADotAlsoBeforeACombiningMark() throws {
        let topic: Topic = "orders.\u{301}new"
        #expect(topic.tokens == ["orders", "\u{301}new"])
        let written = try TopicPattern(topic.name, style: .amqp)
        #expect(written == TopicPattern(topic))
        #expect(written.matches(topic))
        let any = try TopicPattern("orders.*", style: .nats)
        #expect(any.matches(topic))
    }

    @Test("S2-32 query.* is all query messages and *.request is all requests")
    func conventions() throws {
        let topics: [Topic] = [
            "query.request", "query.response", "data.request", "data.response", "analysis.request", "analysis.response",
        ]
        let queries = try TopicPattern("query.*", style: .amqp)
        let requests = try TopicPattern("*.request", style: .amqp)
        #expect(topics.filter(queries.matches) == ["query.request", "query.response"])
        #expect(topics.filter(requests.matches) == ["query.request", "data.request", "analysis.request"])
    }

    @Test(
        "NATS: > matches one or more words at the end",
        arguments: [
            (">", "query", true), (">", "query.request", true), ("query.>", "query", false),
            ("query.>", "query.request", true), ("query.>", "query.request.eu", true),
            ("query.*.>", "query.request", false),
            ("query.*.>", "query.request.eu", true), ("query.>", "data.request", false),
        ])
    func greater(pattern: String, topic: String, matches: Bool) throws {
        #expect(try TopicPattern(pattern, style: .nats).matches(Topic(topic)) == matches)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("orders.>", TopicPattern.Style.amqp, "write #"), ("orders.#", .nats, "write >"),
            ("orders.>.eu", .nats, "before its end"), ("orders..eu", .amqp, "is empty"), ("", .amqp, "is empty"),
            ("orders.a b", .amqp, "white space"), ("orders.a*", .amqp, "wildcard *"),
            ("orders.a#", .nats, "wildcard #"),
            ("orders.\u{7}", .nats, "U+0007"),
        ])
    func refused(text: String, style: TopicPattern.Style, hint: String) throws {
        let error = try #require(throws: BrokerError.self) { try TopicPattern(text, style: style) }
        #expect(error.code == .invalidArgument)
        #expect(error.sentence.contains(hint), "\(error)")
        #expect(error.sentence.contains(text.quoted))
    }

    @Test func longerThanATopicIsRefused() throws {
        let longest = Array(repeating: "#", count: 125).joined(separator: ".")
        #expect(longest.utf8.count == Topic.maximumBytes)
        #expect(throws: Never.self) { try TopicPattern(longest, style: .amqp) }
        let error = try #require(throws: BrokerError.self) { try TopicPattern(longest + ".", style: .amqp) }
        #expect(error.sentence.contains("250 bytes; at most 249"))
    }

    @Test(.timeLimit(.minutes(1))) func hostilePatternsStaySmallWork() throws {
        let topic = try Topic(Array(repeating: "a", count: 124).joined(separator: "."))
        let hostile = Array(repeating: "#", count: 123).joined(separator: ".")
        #expect(try TopicPattern(hostile, style: .amqp).matches(topic))
        #expect(try !TopicPattern(hostile + ".b", style: .amqp).matches(topic))
        let pairs = Array(repeating: "#.a", count: 60).joined(separator: ".")
        #expect(try !TopicPattern(pairs + ".b", style: .amqp).matches(topic))
    }

    /// The definition of the wildcards, word by word, against the code that takes the short way.
    @Test(arguments: 0..<20 as Range<UInt64>) func matchesAsTheDefinitionSays(seed: UInt64) throws {
        func fits(_ pattern: ArraySlice<TopicPattern.Token>, _ words: ArraySlice<Substring>) -> Bool {
            guard let token = pattern.first else { return words.isEmpty }
            let rest = pattern.dropFirst()
            switch token {
            case .literal(let text): return words.first == Substring(text) && fits(rest, words.dropFirst())
            case .one: return !words.isEmpty && fits(rest, words.dropFirst())
            case .rest: return !words.isEmpty
            case .any: return fits(rest, words) || !words.isEmpty && fits(pattern, words.dropFirst())
            }
        }
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let pattern = try RandomTopics.pattern(using: &random)
            let topic = try RandomTopics.topic(using: &random)
            #expect(pattern.matches(topic) == fits(pattern.tokens[...], topic.tokens[...]), "\(pattern) \(topic)")
        }
    }

    @Test func aTopicIsAPatternOfItself() throws {
        let pattern = TopicPattern("orders.created" as Topic)
        #expect(pattern.literal == "orders.created")
        #expect(pattern.matches("orders.created"))
        #expect(!pattern.matches("orders"))
        #expect(try TopicPattern("orders.*", style: .nats).literal == nil)
        #expect(pattern.description == "orders.created")
    }
}
