import Messaging
import Testing

@Suite struct NearestTests {
    private let names = ["host", "port", "prefetch", "maximum-messages"]

    @Test(arguments: [
        ("hosts", "host"), ("prot", "port"), ("prefech", "prefetch"), ("max-messages", "maximum-messages"),
        ("host", "host"), ("colour", nil), ("", nil),
    ])
    func findsWhatWasMeant(text: String, expected: String?) {
        #expect(text.nearest(in: names) == expected)
    }

    @Test func nothingIsNearNothing() {
        #expect("host".nearest(in: []) == nil)
    }

    @Test func longTextsAreComparedByTheirBeginnings() {
        #expect(String(repeating: "x", count: 100_000).nearest(in: [String(repeating: "x", count: 64)]) != nil)
    }
}
