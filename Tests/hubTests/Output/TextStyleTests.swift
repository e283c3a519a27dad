import Testing

@testable import hub

@Suite struct TextStyleTests {
    @Test("Colours are for terminals that can, unless NO_COLOR asks for none")
    func colours() {
        #expect(TextStyle(isTerminal: true, environment: [:]).isColoured)
        #expect(TextStyle(isTerminal: true, environment: ["NO_COLOR": ""]).isColoured)
        #expect(!TextStyle(isTerminal: true, environment: ["NO_COLOR": "1"]).isColoured)
        #expect(!TextStyle(isTerminal: true, environment: ["TERM": "dumb"]).isColoured)
        #expect(!TextStyle(isTerminal: false, environment: [:]).isColoured)
        #expect(TextStyle.plain.red("x") == "x")
        #expect(TextStyle(isColoured: true).bold("") == "")
    }
}
