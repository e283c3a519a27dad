import Foundation
import Testing

@testable import MessagingHub

/// What is said of bad configurations, word for word: `Tests/Fixtures/configuration-problems.txt` has for each one its
/// text after `===` and its problems after `>>>`.
@Suite struct ConfigurationProblemsTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var text = ""
        var problems: [String] = []
        var testDescription: String { text.debugDescription }
    }

    private static let environment = ["SECRET": "hunter2", "HOLD": "1s", "LONG": "99h"]

    static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/configuration-problems.txt").standardized

    static let examples: [Example] = {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        var examples: [Example] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("===") {
                examples.append(Example())
            } else if line.hasPrefix(">>> ") {
                examples[examples.count - 1].problems.append(String(line.dropFirst(4)))
            } else if !examples.isEmpty {
                examples[examples.count - 1].text += line + "\n"
            }
        }
        return examples
    }()

    @Test("The fixture is there") func fixture() { #expect(Self.examples.count > 80) }

    @Test("Each bad configuration gets exactly its problems", arguments: examples)
    func problems(of example: Example) {
        #expect(Loading.problems(example.text, Self.environment) == example.problems)
    }

    @Test("Neither a secret nor what came from a variable is in any problem", arguments: examples)
    func secrets(in example: Example) {
        for problem in Loading.problems(example.text, Self.environment) {
            #expect(!problem.contains("hunter2") && !problem.contains("99h"))
        }
    }

    @Test("Every problem has a remedy or names what would be right", arguments: examples)
    func remedies(in example: Example) {
        for problem in example.problems where !problem.contains("is not set: ") {
            #expect(problem.contains(";") || problem.contains("did you mean") || problem.contains("not UTF-8"))
        }
    }
}
