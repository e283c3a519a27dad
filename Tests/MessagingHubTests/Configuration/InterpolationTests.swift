import Testing

@testable import MessagingHub

@Suite struct InterpolationTests {
    private let interpolation = Interpolation(["A": "one", "EMPTY": "", "DOLLAR": "${A}", "_x9": "two"])

    @Test(
        "Variables, defaults and literal dollars",
        arguments: [
            ("plain", "plain"), ("${A}", "one"), ("<${A}>${A}", "<one>one"), ("${EMPTY}", ""), ("${_x9}", "two"),
            ("${B:-b}", "b"), ("${EMPTY:-b}", "b"), ("${A:-b}", "one"), ("${B:-}", ""), ("${B:-a:-b}", "a:-b"),
            ("$$", "$"), ("$${A}", "${A}"), ("$$$$", "$$"), ("$A", "$A"), ("5$", "5$"), ("${A:?no}", "one"),
            ("${B:-${C:-${A}}}", "one"), ("${B:-{x}", "{x"), ("${DOLLAR}", "${A}"), ("ä${A}€", "äone€"),
        ])
    func replaces(_ text: String, _ expected: String) throws {
        #expect(try interpolation.apply(to: text).text == expected)
    }

    @Test(
        "What cannot be completed says why, without any value",
        arguments: [
            ("${B}", "variable B is not set and has no default; set it, or give a default: ${B:-…}"),
            ("${B:?give one}", "variable B is not set: give one"), ("${EMPTY:?}", "variable EMPTY is not set: set it"),
            ("${", "has ${ without its }; close it, or write $$ for a dollar sign"),
            ("${B:-${C}", "has ${ without its }; close it, or write $$ for a dollar sign"),
        ])
    func refuses(_ text: String, _ sentence: String) {
        #expect(throws: Interpolation.Problem.self) { try interpolation.apply(to: text) }
        do throws(Interpolation.Problem) { _ = try interpolation.apply(to: text) } catch {
            #expect(error.sentence == sentence)
        }
    }

    @Test("Other forms are refused", arguments: ["${}", "${1}", "${A-b}", "${A:+b}", "${ A }", "${a.b}", "${ä}"])
    func otherForms(_ text: String) {
        #expect(throws: Interpolation.Problem.self) { try interpolation.apply(to: text) }
    }

    @Test("Defaults in defaults and long results have a limit")
    func limits() {
        let deep = String(repeating: "${B:-", count: 20) + String(repeating: "}", count: 20)
        #expect(throws: Interpolation.Problem.self) { try interpolation.apply(to: deep) }
        let long = Interpolation(["A": String(repeating: "x", count: 40)], limit: 64)
        #expect(throws: Interpolation.Problem.self) { try long.apply(to: "${A}${A}") }
    }

    @Test("The variables that a text was made from are named")
    func variables() throws {
        #expect(try interpolation.apply(to: "${A}${B:-${_x9}}").variables == ["A", "B", "_x9"])
    }
}
