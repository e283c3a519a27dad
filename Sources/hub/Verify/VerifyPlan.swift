import Messaging
import MessagingTesting

/// Why a command line that was understood cannot be followed.
struct VerifyProblem: Error {
    let sentence: String
}

/// Which scenarios are run, each for which kinds. Pure.
struct VerifyPlan: Sendable {
    /// One scenario for one kind.
    struct Line: Sendable {
        let scenario: Scenario
        let kind: DestinationKind
    }

    /// The lines, those of a scenario together, by number.
    let lines: [Line]

    /// The scenarios of these numbers, for this kind; without numbers all, without a kind all of them.
    init(_ texts: [String], kind: DestinationKind?) throws(VerifyProblem) {
        let numbers = try Self.numbers(texts)
        let chosen = Scenario.all.filter { numbers.isEmpty || numbers.contains($0.number) }
        lines = chosen.flatMap { scenario in
            scenario.kinds.filter { kind == nil || $0 == kind }.map { Line(scenario: scenario, kind: $0) }
        }
        for number in numbers.sorted() {
            let named = chosen.filter { $0.number == number }
            if named.isEmpty { throw VerifyProblem(sentence: Self.absence(of: number)) }
            if let kind, !named.contains(where: { $0.kinds.contains(kind) }) {
                let kinds = DestinationKind.allCases.filter { kind in named.contains { $0.kinds.contains(kind) } }
                let words = kinds.map(\.rawValue).joined(separator: ", ")
                throw VerifyProblem(sentence: "scenario \(number) is not about a \(kind); it is about \(words)")
            }
        }
    }

    private static func numbers(_ texts: [String]) throws(VerifyProblem) -> Set<Int> {
        var numbers: Set<Int> = []
        for text in texts {
            let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last,
                first >= 1, last <= 1000
            else {
                let sentence = "--scenario: \(text.quoted) is no number of a scenario; give such as 7 or 28-37"
                throw VerifyProblem(sentence: sentence)
            }
            // Of a range, what the suite has is enough; a single number is asked for by itself.
            let known =
                ends.count == 1
                ? [first] : (first...last).filter { number in Scenario.all.contains { $0.number == number } }
            if known.isEmpty { throw VerifyProblem(sentence: absence(of: first)) }
            numbers.formUnion(known)
        }
        return numbers
    }

    private static func absence(of number: Int) -> String {
        let last = Scenario.chapters.last?.numbers.upperBound ?? 0
        return "there is no scenario \(number); there are 1 to \(last)"
    }
}
