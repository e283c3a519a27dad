import Messaging
import Testing

@testable import MessagingHub

@Suite struct YAMLComposerTests {
    private func compose(
        _ text: String, _ environment: [String: String] = [:], limits: YAMLLimits = YAMLLimits()
    ) -> (root: YAMLNode?, problems: [String]) {
        let (root, problems) = YAMLComposer.compose(Array(text.utf8), environment: environment, limits: limits)
        return (root, problems.map(\.sentence))
    }

    @Test("Scalars keep text, style, place and the variables they were made from")
    func scalars() throws {
        let root = try #require(compose("a: 1\nb: 'two'\nc: \"x${V}\"\nd:\ne: ~\nf: '~'\n", ["V": "y"]).root)
        #expect(root["a"]?.scalar == .init(text: "1", style: .plain))
        #expect(root["b"]?.scalar == .init(text: "two", style: .quoted))
        #expect(root["c"]?.scalar == .init(text: "xy", style: .quoted, variables: ["V"], written: "x${V}"))
        #expect(root["d"]?.isNull == true)
        #expect(root["e"]?.isNull == true)
        #expect(root["f"]?.scalar?.text == "~")
        #expect(root["c"]?.mark == YAMLMark(line: 3, column: 4))
        #expect(root.entries?.map(\.keyMark.line) == [1, 2, 3, 4, 5, 6])
    }

    @Test("An alias stands for its anchor; a merge key brings what the mapping does not set itself")
    func merging() throws {
        let text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {y: 5, <<: *a}\nd:\n  <<: [*b, *a]\n  x: 6\ne: *a\n"
        let root = try #require(compose(text).root)
        func texts(_ key: String) -> [String: String] {
            var texts: [String: String] = [:]
            for entry in root[key]?.entries ?? [] { texts[entry.key] = entry.value.scalar?.text }
            return texts
        }
        #expect(texts("c") == ["x": "1", "y": "5"])
        #expect(texts("d") == ["x": "6", "y": "3", "z": "4"])
        #expect(root["e"] == root["a"])
    }

    @Test("A hundred million laughs are refused, in little time", .timeLimit(.minutes(1)))
    func laughs() {
        var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...8 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(compose(text).problems.first?.contains("100000 values") == true)
    }

    @Test("Long texts behind many aliases are refused")
    func longLaughs() {
        let text = "a: &a \"\(String(repeating: "x", count: 60_000))\"\nb: [\(String(repeating: "*a, ", count: 500))]\n"
        #expect(compose(text).problems.first?.contains("bytes once its aliases") == true)
        let big = ["V": String(repeating: "x", count: 60_000)]
        #expect(compose("b: [\(String(repeating: "\"${V}\", ", count: 500))]\n", big).root == nil)
        #expect(compose("b: \"${V}${V}\"\n", big).problems.first?.contains("65536 bytes") == true)
    }

    @Test("A cycle through an anchor is refused, in a list, a mapping and a merge key")
    func cycles() {
        for text in ["&a [*a]", "&a {x: *a}", "a: &a\n  b:\n    <<: *a\n", "x: &x [&y [*x], *y]"] {
            #expect(compose(text).problems.first?.contains("a cycle has no end") == true)
        }
    }

    @Test("Depth is limited, in flow and in block style")
    func depth() {
        #expect(compose(String(repeating: "[", count: 40)).problems.first?.contains("32 levels") == true)
        #expect(compose(String(repeating: "- ", count: 200_000)).problems.first?.contains("32 levels") == true)
        #expect(compose(String(repeating: "[", count: 1_000_000)).problems.count == 1)
        #expect(compose(String(repeating: "[", count: 30) + String(repeating: "]", count: 30)).problems.isEmpty)
    }

    @Test("Texts, values and files have limits")
    func limits() {
        let small = YAMLLimits(bytes: 100, depth: 4, nodes: 10, scalarBytes: 20)
        #expect(
            compose("a: \(String(repeating: "x", count: 21))", limits: small).problems == [
                "is a text of 21 bytes; at most 20 are allowed, shorten it"
            ])
        #expect(
            compose("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", limits: small).problems.first?.hasPrefix(
                "has more than 10 values") == true)
        #expect(
            compose(String(repeating: "#", count: 101), limits: small).problems.first?.hasPrefix("has 101 bytes")
                == true)
    }

    @Test(
        "Bytes that are not UTF-8 are named by place", arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0x80]])
    func encoding(_ bytes: [UInt8]) {
        let text = Array("a: 1\nbb: ".utf8) + bytes
        let problems = YAMLComposer.compose(text, environment: [:]).problems
        #expect(
            problems == [
                YAMLProblem(
                    mark: YAMLMark(line: 2, column: 5), sentence: "is not UTF-8: save the file in that encoding")
            ])
    }

    @Test("UTF-16, NUL and control characters are refused; a byte-order mark of UTF-8 is not")
    func otherEncodings() {
        #expect(YAMLComposer.compose([0xFF, 0xFE, 0x61, 0x00], environment: [:]).root == nil)
        #expect(compose("a: \0").root == nil)
        #expect(compose("a: \u{1}").root == nil)
        let (_, problems) = YAMLComposer.compose(Array("a: 1\nb: x\u{1}".utf8), environment: [:])
        let sentence = "is not YAML: the character U+0001 is not allowed; remove it"
        #expect(problems == [YAMLProblem(mark: YAMLMark(line: 2, column: 5), sentence: sentence)])
        #expect(compose("\u{FEFF}a: 1").root?["a"]?.scalar?.text == "1")
    }
}
