import Messaging
import Testing

@Suite struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"
    private static let good = "00-\(trace)-\(span)-01"

    @Test func aContextOfTheRightFormIsTaken() throws {
        let context = try #require(TraceContext(traceparent: Self.good, tracestate: "congo=t61rcWkgMzE"))
        #expect(context.traceID == Self.trace)
        #expect(context.spanID == Self.span)
        #expect(context.isSampled)
        #expect(context.state == "congo=t61rcWkgMzE")
        #expect(context.traceparent == Self.good)
    }

    @Test(
        "of the wrong form is no context",
        arguments: [
            "", "00", "-", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-0",
            "00-\(trace)-\(span)-0g",
            "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-what-the-future-will-be-like", "00-\(trace)-\(span)-01.",
            "ff-\(trace)-\(span)-01", "FF-\(trace)-\(span)-01", "0-\(trace)-\(span)-01", "0x-\(trace)-\(span)-01",
            "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "00-\(trace)-\(span)-0A",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-\(span)-01", "00-4bf92f3577b34da6a3ce929d0e0e47360-\(span)-01",
            "00-\(trace)-00f067aa0ba902b-01", "00_\(trace)-\(span)-01", "00-\(trace)_\(span)-01",
            "00-\(trace)-\(span)_01",
            " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ", "00-\(trace)-\(span)-01\n",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-\(span)-01", "01-\(trace)-\(span)-01x", "01-\(trace)-\(span)-0",
            "00-aa-bb-01", String(repeating: "0", count: 55), String(repeating: "-", count: 100_000),
            "00-4bf92f3577b34da6-a3ce929d0e0e473-\(span)-01",
        ])
    func aWrongFormIsNone(_ text: String) {
        #expect(TraceContext(traceparent: text) == nil)
        #expect(TraceContext(Headers([.init(.traceparent, .text(text))])) == nil)
    }

    /// Whatever is cut, put in or changed: nothing traps, and what is taken says of itself what was in it.
    @Test func aMutatedContextNeverTraps() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = Array(Self.good.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<max(1, bytes.count), using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where index < bytes.count: bytes[index] = .random(in: 0...255)
                case 1 where index < bytes.count: bytes.remove(at: index)
                default: bytes.insert(.random(in: 0...127), at: min(index, bytes.count))
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let context = TraceContext(traceparent: text) else { continue }
            #expect(text.contains(context.traceID) && text.contains(context.spanID))
        }
    }

    @Test func aLaterVersionIsReadAsThisOne() {
        for text in [
            "01-\(Self.trace)-\(Self.span)-01", "cc-\(Self.trace)-\(Self.span)-01-what-the-future-will-be-like",
        ] {
            #expect(TraceContext(traceparent: text)?.traceparent == Self.good)
        }
    }

    @Test func flagsThatNobodyKnowsAreZero() {
        #expect(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-ff")?.flags == 3)
        #expect(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-00")?.isSampled == false)
        #expect(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-02")?.flags == 2)
    }

    @Test(arguments: [
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "foo=1 , bar=2", "foo=1,,bar=2", "fw529a3039@dt=FfffFFF",
        "a-b_c*d/e=!#$%&'()+-./:;<>?@[]^_`{|}~ x", (0..<32).map { "k\($0)=\($0)" }.joined(separator: ","),
    ])
    func aStateOfTheRightFormIsKept(_ state: String) {
        #expect(TraceContext(traceparent: Self.good, tracestate: state)?.state == state)
    }

    @Test(arguments: [
        "", ",", "foo", "=1", "foo=", "Foo=1", "foo=1,foo=2", "foo=1=2", "foo@=1", "@foo=1", "foo@bar@baz=1",
        "foo =1", "foo=bär", "foo=1\r\nevil: yes", "foo=\u{1}", (0..<33).map { "k\($0)=\($0)" }.joined(separator: ","),
        "foo=\(String(repeating: "x", count: 600))",
    ])
    func aStateOfTheWrongFormIsLeftOut(_ state: String) throws {
        let context = try #require(TraceContext(traceparent: Self.good, tracestate: state))
        #expect(context.state == nil)
        #expect(context.traceparent == Self.good)
    }

    @Test func baggageOfTheWrongFormIsLeftOut() {
        func baggage(_ text: String) -> String? { TraceContext.baggage(in: ["baggage": .text(text)]) }
        for good in ["tenant=7", "a=1,b=2;property;key=value", "a=%20"] { #expect(baggage(good) == good) }
        let long = "a=\(String(repeating: "x", count: 8191))"
        for bad in ["", "tenant", "=7", "a=1,,b=2", "a=1\r\nevil: yes", "a=ä", long] { #expect(baggage(bad) == nil) }
    }

    @Test func twoParentsAreNone() {
        let twice = Headers([.init(.traceparent, .text(Self.good)), .init("TraceParent", .text(Self.good))])
        #expect(TraceContext(twice) == nil)
        #expect(TraceContext(["traceparent": .bytes([0xFF])]) == nil)
        #expect(TraceContext(Headers([.init("Traceparent", .bytes(Array(Self.good.utf8)))]))?.traceparent == Self.good)
        let states = Headers([
            .init(.traceparent, .text(Self.good)), .init(.tracestate, "a=1"), .init(.tracestate, "b=2"),
        ])
        #expect(TraceContext(states)?.state == "a=1,b=2")
    }

    @Test func aChildIsAFurtherSpanOfTheTrace() throws {
        let parent = try #require(TraceContext(traceparent: Self.good, tracestate: "a=1", baggage: "b=2"))
        let child = parent.child()
        #expect(child.traceID == parent.traceID && child.spanID != parent.spanID)
        #expect(child.state == "a=1" && child.baggage == "b=2" && child.isSampled)
        let roots = Set((0..<1000).map { _ in TraceContext.root().traceID })
        #expect(roots.count == 1000)
        for context in [child, .root(), .root(baggage: "b=2")] {
            #expect(TraceContext(traceparent: context.traceparent)?.spanID == context.spanID)
        }
    }

    @Test func whatIsInjectedReplacesWhatWasThere() throws {
        let context = try #require(TraceContext(traceparent: Self.good, baggage: "b=2"))
        let headers = context.injected(into: ["TraceParent": "nonsense", "tracestate": "a=1", "x": "y"])
        #expect(TraceContext(headers)?.traceparent == Self.good)
        #expect(headers[.tracestate] == nil && headers["x"] == "y" && headers[.baggage] == "b=2")
        #expect(context.injected(into: ["baggage": "own=1"])[.baggage] == "own=1")
    }
}
