import Messaging
import MessagingTesting

/// What `hub verify` prints for people: for each promise, for which kinds it holds and how. Pure.
enum VerifyText {
    private static let indent = String(repeating: " ", count: 10)

    /// Above the promises of a broker.
    static func heading(_ subject: VerifySubject, seed: UInt64, _ style: TextStyle) -> String {
        "\(style.bold("\(subject.name) (\(subject.type))")), seed \(seed)\n"
    }

    /// Above the promises of a chapter, where the one before is of another; nil where it is not.
    static func chapter(of outcomes: [VerifyOutcome], after last: inout String, _ style: TextStyle) -> String? {
        guard let number = outcomes.first?.line.scenario.number,
            let chapter = Scenario.chapters.first(where: { $0.numbers.contains(number) }), chapter.title != last
        else { return nil }
        defer { last = chapter.title }
        return "\(last.isEmpty ? "" : "\n")\(style.bold(chapter.title))"
    }

    /// A promise, and what came of it for each kind.
    static func promise(_ outcomes: [VerifyOutcome], _ style: TextStyle) -> String {
        guard let scenario = outcomes.first?.line.scenario else { return "" }
        var lines = scenario.sentence.wrapped(at: HelpText.width - indent.count)
        let label = "\(scenario.number)\(scenario.level == .hub ? " hub" : "")"
        lines[0] = "\(String(repeating: " ", count: max(0, 8 - label.count)))\(label)  \(lines[0])"
        for index in lines.indices.dropFirst() { lines[index] = indent + lines[index] }
        var said: [(text: String, kinds: [String])] = []
        for outcome in outcomes {
            let text = verdict(on: outcome, style)
            if let index = said.firstIndex(where: { $0.text == text }) {
                said[index].kinds.append(outcome.line.kind.rawValue)
            } else {
                said.append((text, [outcome.line.kind.rawValue]))
            }
        }
        for (text, kinds) in said {
            let words = "\(kinds.joined(separator: ", ")): \(text)".split(separator: "\n").map(String.init)
            lines += words.prefix(1).flatMap { $0.wrapped(at: HelpText.width, margin: indent.count, indent: 2) }
            // What it has seen, as it was written down.
            lines += words.dropFirst().map { "\(indent)  \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    private static func verdict(on outcome: VerifyOutcome, _ style: TextStyle) -> String {
        switch outcome.result {
        case .passed(let notes) where notes.isEmpty: style.green("holds natively")
        case .passed(let notes): "\(style.yellow(holding(outcome))): \(notes.joined(separator: "; "))"
        case .excluded(let reason): "\(style.dim("not run")): \(reason)"
        case .failed(let violation):
            (["\(style.red("FAILS")): \(violation.sentence) (seed \(violation.seed))"] + violation.excerpt
                + violation.besides)
                .joined(separator: "\n")
        }
    }

    /// How a promise holds of which there is something to say.
    private static func holding(_ outcome: VerifyOutcome) -> String {
        if !outcome.isMeasuredInPart { return "holds by an emulation" }
        return outcome.emulations.isEmpty ? "holds as far as measured" : "holds by an emulation, as far as measured"
    }

    /// Below the promises of a broker.
    static func verdict(on subject: VerifySubject, _ count: VerifyCount, in time: Duration, _ style: TextStyle)
        -> String
    {
        let tenths = Int((max(0, time / .seconds(1)) * 10).rounded())
        let part = count.measuredInPart == 0 ? "" : ", \(count.measuredInPart) measured in part"
        let text =
            "\n\(subject.name): \(count.held) hold, \(count.emulated) of them emulated\(part); \(count.excluded) not run; "
            + "\(count.failed) fail; \(tenths / 10).\(tenths % 10) s"
        return count.failed == 0 ? style.green(text) : style.red(text)
    }

    /// The line that is shown while it runs.
    static func progress(_ subject: VerifySubject, _ count: VerifyCount) -> String {
        "verify \(subject.name): \(count.ended) of \(count.all), \(count.failed) failed"
    }
}
