import Messaging
import Testing

@Suite struct TopicTests {
    @Test(
        "S0-71 invalid names are refused, and what is wrong is named",
        arguments: [
            ("", "is empty"), (".", "empty token"), ("orders.", "empty token"), (".orders", "empty token"),
            ("orders..eu", "empty token"), ("or ders", "white space"), ("orders\t", "white space"),
            ("orders\u{A0}eu", "white space"), ("orders.*", "wildcard *"), ("#", "wildcard #"),
            ("orders.>", "wildcard >"),
            ("ord*ers", "wildcard *"), ("orders\u{0}", "control character U+0000"),
            ("a\u{7F}", "control character U+007F"),
        ])
    func refused(name: String, hint: String) throws {
        let error = try #require(throws: BrokerError.self) { try Topic(name) }
        #expect(error.code == .invalidArgument)
        #expect(!error.isRetryable)
        #expect(error.sentence.contains(hint), "\(error)")
        #expect(error.sentence.contains(name.quoted))
    }

    @Test(
        "S2-29 the convention <agent>.<action> is accepted",
        arguments: [
            "query.request", "query.response", "data.request", "data.response", "analysis.request", "analysis.response",
        ])
    func accepted(name: String) throws {
        let topic = try Topic(name)
        #expect(topic.name == name)
        #expect(topic.description == name)
        #expect(topic.tokens.count == 2)
        #expect(topic.problem == nil)
    }

    @Test func otherNamesAreAccepted() throws {
        for name in ["orders", "orders-eu_1", "büro.öl", "a.b.c.d", "ORDERS", "1"] {
            #expect(try Topic(name).name == name)
        }
    }

    /// A text that turns the line around would hide what the message says.
    @Test func whatIsQuotedShowsWhatDoesNotShow() {
        #expect("a\u{202E}b\u{200B}\u{2028}c\u{7F}ü日".quoted == #""a\u{202E}b\u{200B}\u{2028}c\u{7F}ü日""#)
    }

    @Test func theLongestNameHas249Bytes() throws {
        let longest = String(repeating: "a", count: 249)
        #expect(throws: Never.self) { try Topic(longest) }
        let error = try #require(throws: BrokerError.self) { try Topic(longest + "a") }
        #expect(error.sentence.contains("250 bytes; at most 249"))
        #expect(error.sentence.utf8.count < 300)
        #expect(throws: BrokerError.self) { try Topic(String(repeating: "ü", count: 125)) }
    }

    @Test("S0-71 a literal with a space does not trap; the topic says what is wrong with it")
    func literals() {
        let topic: Topic = "or ders"
        #expect(topic.problem?.code == .invalidArgument)
        #expect(topic.problem?.sentence.contains("\"or ders\" contains white space") == true)
        #expect(("orders" as Topic).problem == nil)
        let typed = TypedTopic<Int>("or ders")
        #expect(typed.topic.problem != nil)
    }

    @Test func appendingATokenChecksIt() throws {
        #expect(try ("orders" as Topic).appending("dead") == "orders.dead")
        #expect(throws: BrokerError.self) { try ("orders" as Topic).appending("") }
        #expect(throws: BrokerError.self) { try ("orders" as Topic).appending("*") }
    }

    @Test func typedTopicsAreTopics() throws {
        struct Order: Sendable {}
        let name = "orders"
        #expect(TypedTopic<Order>("orders").topic == "orders")
        #expect(try TypedTopic<Order>(Topic(name)) == TypedTopic<Order>("orders"))
    }

    @Test func quotedTextsAreSafeToPrint() {
        #expect("a\u{1B}[31m\n".quoted == "\"a\\u{1B}[31m\\n\"")
        #expect(String(repeating: "x", count: 200).quoted == "\"" + String(repeating: "x", count: 80) + "…\"")
    }
}
