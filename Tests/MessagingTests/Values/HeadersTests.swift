import Messaging
import Testing

@Suite struct HeadersTests {
    @Test func repeatedNamesKeepTheirOrder() {
        var headers: Headers = ["via": "a", "x": "1", "via": "b"]
        headers.append("via", "c")
        #expect(headers.count == 4)
        #expect(headers.values(of: "via") == ["a", "b", "c"])
        #expect(headers["via"] == "a")
        #expect(headers.fields.map(\.name.text) == ["via", "x", "via", "via"])
    }

    @Test func namesAreFoundWithoutRegardToASCIICase() {
        let headers: Headers = ["Content-Language": "de"]
        #expect(headers["content-LANGUAGE"] == "de")
        #expect(headers.fields[0].name.text == "Content-Language")
        #expect(("TRACE" as HeaderName) == "trace")
        #expect(("TRACE" as HeaderName).hashValue == ("trace" as HeaderName).hashValue)
        #expect(("Ä" as HeaderName) != "ä")
        #expect(("a" as HeaderName) != "A-")
        #expect(("[" as HeaderName) != "{")
    }

    /// Å as one scalar and as two has three bytes either way, and is two names on every wire.
    @Test func namesAreComparedByByte() {
        let (one, two) = (HeaderName("\u{212B}"), HeaderName("A\u{30A}"))
        #expect(one.text.utf8.count == two.text.utf8.count)
        #expect(one != two)
    }

    @Test func settingReplacesEveryValueInPlace() {
        var headers: Headers = ["a": "1", "B": "2", "b": "3", "c": "4"]
        headers["b"] = "5"
        #expect(headers.fields == [.init("a", "1"), .init("b", "5"), .init("c", "4")])
        headers["b"] = nil
        #expect(headers.fields == [.init("a", "1"), .init("c", "4")])
        headers["d"] = "6"
        #expect(headers.fields.last == .init("d", "6"))
        headers["missing"] = nil
        #expect(headers.count == 3)
        headers.removeAll("A")
        #expect(headers["a"] == nil)
    }

    @Test func valuesAreTextOrBytes() {
        #expect(HeaderValue.text("ü").byteCount == 2)
        #expect(HeaderValue.bytes([0xFF]).text == nil)
        #expect(HeaderValue.bytes(Array("ü".utf8)).text == "ü")
        #expect(HeaderValue.bytes([0xFF, 0xFE]).description == "2 bytes")
        #expect(HeaderValue.bytes([0xFF, 0xFE]).byteCount == 2)
        var headers = Headers()
        #expect(headers.isEmpty)
        headers.append("raw", .bytes([0xFF]))
        #expect(headers["raw"] == nil)
        #expect(headers.values(of: "raw") == [.bytes([0xFF])])
    }

    @Test func textIsComparedByItsBytes() {
        let (composed, decomposed) = (HeaderValue.text("\u{E9}"), HeaderValue.text("e\u{301}"))
        #expect(composed != decomposed)
        #expect(composed == .text("\u{E9}"))
        #expect(["name": composed] as Headers != ["name": decomposed])
        #expect(HeaderValue.text("a") != .bytes([0x61]))
        #expect(HeaderValue.bytes([0x61]) == .bytes([0x61]))
    }

    @Test func headersOfOursAreLowerCaseAndDistinct() {
        let ours: [HeaderName] = [
            .attempt, .deadLetterReason, .deadLetterOrigin, .deadLetterKind, .deadLetterAttempt, .deadLetterError,
            .deadLetterFirstFailure, .deadLetterLastFailure,
        ]
        #expect(Set(ours).count == ours.count)
        #expect(ours.allSatisfy { $0.text.hasPrefix("hub-") && $0.text == $0.text.lowercased() })
    }
}
