import Messaging
import Testing

@Suite struct TraceSinkTests {
    @Test func spansKeepTheirParts() {
        let span = SpanRecord(
            "process orders", start: Timestamp(milliseconds: 1), end: Timestamp(milliseconds: 4),
            attributes: ["messaging.system": "inmemory"], error: "boom")
        #expect(span.name == "process orders")
        #expect(span.end - span.start == .milliseconds(3))
        #expect(span.attributes["messaging.system"] == "inmemory")
        #expect(span.error == "boom")
        #expect(SpanRecord("a", start: span.start, end: span.end, attributes: [:]).error == nil)
    }
}
