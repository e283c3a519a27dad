import Messaging
import Testing

@Suite struct BoundOptionsTests {
    struct Inner: Sendable, Equatable {
        var depth = 1
        var name: String?
    }

    struct Outer: Sendable, Equatable {
        var wait = Duration.seconds(2)
        var inner = Inner()
    }

    private static let depth = Option("depth", default: 1, in: 1...9, "how deep")
    private static let name = Option<String?>("name", default: nil, "what it is called")
    private static let wait = Option("wait", default: .seconds(2), in: .zero...Duration.seconds(60), "how long")
    private static let inner = BoundOptions<Inner>([OptionBinding(depth, \.depth), OptionBinding(name, \.name)])
    private static let outer = BoundOptions<Outer>([OptionBinding(wait, \.wait)] + inner.inside(\.inner))

    @Test("What is set is applied, the rest stays")
    func applies() {
        var values = OptionValues()
        values[Self.depth] = 3
        var root = Outer(wait: .seconds(5))
        Self.outer.apply(values, to: &root)
        #expect(root == Outer(wait: .seconds(5), inner: Inner(depth: 3)))
    }

    @Test("What is written out is read back; a nil leaves its option unset")
    func roundTrip() {
        let root = Outer(wait: .milliseconds(1500), inner: Inner(depth: 7, name: "x"))
        var copy = Outer()
        Self.outer.apply(Self.outer.values(of: root), to: &copy)
        #expect(copy == root)
        #expect(Self.outer.values(of: Outer()).names.sorted() == ["depth", "wait"])
    }

    @Test("Texts are read within their ranges; problems name what is allowed")
    func reading() {
        let (values, problems) = Self.outer.group.read(["depth": "9", "wait": "61s", "nmae": "x"])
        #expect(values[Self.depth] == 9)
        #expect(problems["wait"] == "\"61s\" is not allowed; give duration (500ms, 2s, 168h), 0s to 1m")
        #expect(problems["nmae"] == "is not an option; did you mean name?")
    }

    @Test("Values that a program has set out of range are found")
    func outOfRange() {
        var values = OptionValues()
        values[Self.depth] = 10
        values[Option("other", default: 1, "what nobody knows")] = 2
        #expect(Self.outer.group.problems(in: values).map(\.name) == ["other", "depth"])
    }

    @Test("The nearest name is found, a swap of neighbours counted as one edit")
    func nearest() {
        #expect("mian".nearest(in: ["main", "other"]) == "main")
        #expect("concurency".nearest(in: ["window", "concurrency"]) == "concurrency")
        #expect("x".nearest(in: ["window"]) == nil)
        #expect("".nearest(in: []) == nil)
    }

    @Test(
        "A start of a group is written and read again",
        arguments: ["earliest", "latest", "position:12-3", "position:abc"])
    func starts(_ text: String) { #expect(StartPosition(optionText: text)?.optionText == text) }
}
