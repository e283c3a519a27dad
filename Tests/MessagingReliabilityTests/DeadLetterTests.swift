import Messaging
import MessagingReliability
import Testing

@Suite struct DeadLetterTests {
    private let first = Timestamp(milliseconds: 1_000_000)
    private let last = Timestamp(milliseconds: 2_000_000)
    private let limits = BrokerLimits()

    private func letter(_ reason: DeadLetter.Reason = .exhausted, sentence: String = "no stock") -> DeadLetter {
        DeadLetter(reason, from: .queue("orders"), attempt: 5, failure: Failure(sentence, at: last, first: first))
    }

    @Test("S0-62 a dead letter carries its reason and where it came from")
    func reasonAndOrigin() {
        let message = letter().message(of: Message("body"), within: limits)
        #expect(message.headers[.deadLetterReason] == "exhausted")
        #expect(message.headers[.deadLetterOrigin] == "orders")
        #expect(message.headers[.deadLetterKind] == "queue")
        #expect(message.headers[.deadLetterAttempt] == "5")
        #expect(message.headers[.deadLetterError] == "no stock")
        #expect(message.headers[.deadLetterFirstFailure] == first.description)
        #expect(message.headers[.deadLetterLastFailure] == last.description)
    }

    @Test func everythingElseStays() {
        var original = Message("body", type: "order", key: "k", headers: ["a": "1", "A": "2"], contentType: .json)
        original.correlationID = "c"
        original.priority = 7
        var message = letter().message(of: original, within: limits)
        #expect(Array(message.headers.fields.prefix(2)) == original.headers.fields)
        message.headers = original.headers
        #expect(message == original)
    }

    @Test func aDelayAndAnExpirationDoNotKeepItFromArriving() {
        var original = Message("body")
        original.expiration = first
        original.notBefore = last
        let message = letter().message(of: original, within: limits)
        #expect(message.expiration == nil)
        #expect(message.notBefore == nil)
    }

    @Test func aSecondDeathReplacesTheFirst() {
        let once = letter().message(of: Message("body", headers: ["mine": "1"]), within: limits)
        let again = DeadLetter(.rejected, from: .queue("orders.dead"), attempt: 1, failure: nil)
        let twice = again.message(of: once, within: limits)
        #expect(twice.headers.values(of: .deadLetterReason) == ["rejected"])
        #expect(twice.headers[.deadLetterError] == nil)
        #expect(DeadLetter.stripped(twice).headers == ["mine": "1"])
    }

    @Test func anErrorOfAnyTextTravels() {
        let text = "line 1\r\nline 2\0" + String(repeating: "é", count: 2000)
        let error = letter(sentence: text).message(of: Message(), within: limits).headers[.deadLetterError] ?? ""
        #expect(error.utf8.count <= DeadLetter.maximumErrorBytes)
        #expect(error.hasPrefix("line 1  line 2 é"))
        #expect(error.hasSuffix("…"))
    }

    @Test(arguments: 0...8) func whereFewHeadersFitTheFirstOnesTravelAndTheMessagesOwnStay(room: Int) {
        let order: [HeaderName] = [
            .deadLetterReason, .deadLetterOrigin, .deadLetterError, .deadLetterAttempt, .deadLetterKind,
            .deadLetterLastFailure, .deadLetterFirstFailure,
        ]
        let original = Message("body", headers: ["a": "1", "b": "2"])
        let message = letter().message(of: original, within: limits.with { $0.maximumHeaders = 2 + room })
        #expect(message.headers.fields.map(\.name) == ["a", "b"] + order.prefix(room))
        let crowded = letter().message(of: original, within: limits.with { $0.maximumHeaders = 1 })
        #expect(crowded.headers == original.headers)
    }

    @Test(arguments: 0...40) func noHeaderIsLongerThanABrokerCarries(length: Int) {
        let sentence = String(repeating: "é", count: 100)
        let few = limits.with { $0.maximumHeaderValueBytes = length }
        let message = letter(sentence: sentence).message(of: Message("body"), within: few)
        #expect(message.headers.fields.allSatisfy { $0.value.byteCount <= length })
        #expect(message.headers[.deadLetterReason] == (length < 9 ? nil : "exhausted"))
        #expect(message.headers[.deadLetterError]?.hasSuffix("…") ?? (length < 3))
        #expect(few.refusal(of: message, at: .now) == nil)
        let short = limits.with { $0.maximumHeaderNameBytes = length }
        #expect(short.refusal(of: letter().message(of: Message("body"), within: short), at: .now) == nil)
    }
}
