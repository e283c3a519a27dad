import Messaging
import Testing

@Suite struct BrokerLimitsRefusalTests {
    private func refusal(of headers: Headers, by limits: BrokerLimits = BrokerLimits()) -> BrokerError? {
        limits.refusal(of: Message(headers: headers), at: Timestamp(milliseconds: 0))
    }

    private func expect(
        _ code: BrokerError.Code, _ hint: String, of headers: Headers, by limits: BrokerLimits = BrokerLimits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = refusal(of: headers, by: limits)
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(error?.sentence.contains(hint) == true, "\(error?.sentence ?? "taken")", sourceLocation: sourceLocation)
    }

    private func grammar(_ grammar: BrokerLimits.HeaderGrammar) -> BrokerLimits {
        BrokerLimits().with { $0.headerGrammar = grammar }
    }

    @Test func tooManyTooLong() {
        let three = BrokerLimits().with { $0.maximumHeaders = 3 }
        #expect(refusal(of: ["a": "", "b": "", "c": ""], by: three) == nil)
        expect(.tooLarge, "4 headers are over the limit of 3", of: ["a": "", "b": "", "c": "", "a": ""], by: three)
        let long = HeaderName(String(repeating: "n", count: 256))
        expect(.invalidArgument, "has 256 bytes; at most 255 are allowed", of: [long: "x"])
        let value = HeaderValue.text(String(repeating: "v", count: 65_537))
        expect(.tooLarge, "header \"a\" of 65537 bytes is over the limit of 65536", of: ["a": value])
    }

    @Test func names() {
        expect(.invalidArgument, "is empty; name it", of: ["": "x"])
        expect(.invalidArgument, "contains a control character", of: ["a\nb": "x"])
        expect(.invalidArgument, "contains a control character", of: ["a\u{0}": "x"], by: grammar(.bytes))
        #expect(refusal(of: ["a b:c": "x"]) == nil)
        expect(.invalidArgument, "contains a colon or a space", of: ["a b": "x"], by: grammar(.line))
        expect(.invalidArgument, "contains a colon or a space", of: ["a:b": "x"], by: grammar(.line))
    }

    @Test func valuesOfText() {
        #expect(refusal(of: ["a": "line\r\nline\u{1}"]) == nil)
        #expect(refusal(of: ["a": .bytes(Array("grün".utf8))]) == nil)
        expect(.invalidArgument, "is not valid UTF-8", of: ["a": .bytes([0xFF])])
        expect(.invalidArgument, "contains a NUL", of: ["a": "x\u{0}"])
    }

    @Test func valuesOfLines() {
        #expect(refusal(of: ["a": "grün\tx"], by: grammar(.line)) == nil)
        expect(.invalidArgument, "contains a line break", of: ["a": "x\ny"], by: grammar(.line))
        expect(.invalidArgument, "contains a line break", of: ["a": "x\r"], by: grammar(.line))
        expect(.invalidArgument, "contains a NUL", of: ["a": "x\u{0}"], by: grammar(.line))
        expect(.invalidArgument, "is not valid UTF-8", of: ["a": .bytes([0xC3])], by: grammar(.line))
    }

    @Test func valuesOfBytes() {
        #expect(refusal(of: ["a": .bytes([0xFF, 0, 0x0A])], by: grammar(.bytes)) == nil)
    }

    @Test func hostileNamesAreEscapedAndCut() {
        let name = HeaderName("\u{1B}[31m" + String(repeating: "x", count: 100_000))
        let sentence = refusal(of: [name: "x"])?.sentence ?? ""
        #expect(!sentence.isEmpty)
        #expect(sentence.utf8.count < 300)
        #expect(!sentence.unicodeScalars.contains("\u{1B}"))
    }
}
