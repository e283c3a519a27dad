import Testing

@testable import hub

@Suite struct TextTableTests {
    @Test("Columns are as wide as their widest text, and no line ends in blanks")
    func widths() {
        var table = TextTable(["A", "NAME", "C"])
        table.add([.init("long one"), .init("x"), .init("1")])
        table.add([.init("y"), .init("ä€")])
        #expect(table.lines(.plain) == ["A         NAME  C", "long one  x     1", "y         ä€"])
    }

    @Test("Colours do not count as width")
    func colours() {
        let style = TextStyle(isColoured: true)
        var table = TextTable(["A", "B"])
        table.add([.init("x", style.red), .init("1")])
        #expect(table.lines(style) == ["\u{1B}[1mA\u{1B}[0m  \u{1B}[1mB\u{1B}[0m", "\u{1B}[31mx\u{1B}[0m  1"])
    }

    @Test("Texts are wrapped between words")
    func wrapping() {
        #expect("one two three".wrapped(at: 7) == ["one two", "three"])
        #expect("".wrapped(at: 7) == [""])
        #expect("immeasurable".wrapped(at: 3) == ["immeasurable"])
    }
}

extension TextTableTests {
    @Test("Within a width the widest columns are broken between words, and an indentation counts")
    func narrow() {
        var table = TextTable(["A", "WHAT IT IS"])
        table.add("name", "one two three four")
        table.add("unbreakable", "")
        let lines = ["  A            WHAT IT", "               IS", "  name         one two", "               three"]
        #expect(table.lines(.plain, indent: 2, width: 22) == lines + ["               four", "  unbreakable"])
        #expect(table.lines(.plain, width: 3).first == "A            WHAT")
        #expect(TextTable().lines(.plain, width: 3).isEmpty)
    }

    @Test("Of two columns that can be broken the wider one is, and an indentation leaves less room")
    func widest() {
        var table = TextTable()
        table.add("aaaa bb", "one two three")
        #expect(table.lines(.plain, width: 16) == ["aaaa bb  one two", "         three"])
        var inner = TextTable()
        inner.add("aaaa bb", "one two x")
        #expect(inner.lines(.plain, width: 18) == ["aaaa bb  one two x"])
        #expect(inner.lines(.plain, indent: 2, width: 18) == ["  aaaa bb  one two", "           x"])
    }
}
