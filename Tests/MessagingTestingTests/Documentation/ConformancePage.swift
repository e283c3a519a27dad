import Messaging
import MessagingTesting

/// The page of the conformance suite, as Markdown: made from the scenarios, their mutants, the oddballs and the profiles.
enum ConformancePage {
    static var text: String {
        var lines = [
            "# What every broker must do", "",
            "Made from the suite itself by a test; `HUB_WRITE_DOCS=1 swift test --filter ConformancePageTests` writes it anew.",
            "", "\(Scenario.all.count) scenarios, \(Mutant.all.count) mutants, \(Oddball.all.count) oddballs.", "",
            "- A **scenario** is one promise. `hub verify CONFIG` runs them against anybody's own brokers.",
            "- A **mutant** is a broker with a single flaw. Each turns its scenarios red, with a sentence of its own; which others",
            "  it spoils is written beside it, and the rest stays green. That is how the suite is proved. Of the rest the tests",
            "  try fourteen scenarios; `HUB_WHOLE=1 swift test --filter MutantTests` tries all, and all that are spoilt, in most",
            "  of an hour.",
            "- An **oddball** is a broker that is odd but right. It stays green: the suite asks for no more than it promises.",
            "- *hub* marks what the hub's policies do on top of a broker; everything else is run against the bare broker.",
        ]
        for chapter in Scenario.chapters {
            let scenarios = Scenario.all.filter { chapter.numbers.contains($0.number) }
            lines += ["", "## \(chapter.title)"]
            for scenario in scenarios { lines += [""] + section(scenario) }
            lines += [""] + table(scenarios)
        }
        lines += ["", "## Defects that others have paid for", ""] + bugClasses
        lines += ["", "## Odd but right", ""] + Oddball.all.map { "- \($0.oddity)" }
        lines += ["", "## What an emulation costs, and why something is refused"]
        for profile in BrokerProfile.all { lines += [""] + costs(profile) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ scenario: Scenario) -> [String] {
        var facts = [scenario.kinds.map(\.rawValue).joined(separator: ", ")]
        if scenario.level == .hub { facts.insert("hub", at: 0) }
        let needs = scenario.needs.compactMap { need -> String? in
            if case .operation = need { nil } else { "\(need)" }
        }
        if !needs.isEmpty { facts.append("needs of the harness: \(needs.joined(separator: ", "))") }
        let mutants = Mutant.all.filter { mutant in
            mutant.catches.contains { $0.scenario == scenario.number && $0.level == scenario.level }
        }
        return [
            "### \(scenario.number)\(scenario.level == .hub ? " (hub)" : ""). \(scenario.sentence)", "",
            "*\(facts.joined(separator: "; "))*", "", "Why: \(scenario.why)", "", "Broken by a broker that:", "",
        ] + mutants.map { "- \($0.flaw)" }
    }

    /// Which scenarios turn red for defects that others have shipped.
    private static var bugClasses: [String] {
        [
            "Each class is planted by the mutants named, and turns these scenarios red.", "",
            "| class | planted by a broker that | turns red |", "|---|---|---|",
        ]
            + BugClass.all.map { defect in
                let red = defect.catches.map { "\($0.scenario)\($0.level == .hub ? " (hub)" : "")" }
                return "| \(defect.what) | \(defect.flaws.joined(separator: "; ")) | \(red.joined(separator: ", ")) |"
            }
    }

    /// How each broker runs each of these.
    private static func table(_ scenarios: [Scenario]) -> [String] {
        let types = BrokerProfile.all.map(\.type.name)
        return [
            "| scenario | \(types.joined(separator: " | ")) |",
            "|---|\(String(repeating: "---|", count: types.count))",
        ]
            + scenarios.map { scenario in
                let label = "\(scenario.number)\(scenario.level == .hub ? " (hub)" : "")"
                let cells = BrokerProfile.all.map { cell(scenario, $0.capabilities) }
                return "| \(label) | \(cells.joined(separator: " | ")) |"
            }
    }

    /// The word for a scenario on a broker, or the words for its kinds.
    private static func cell(_ scenario: Scenario, _ capabilities: BrokerCapabilities) -> String {
        var said: [(word: String, kinds: [String])] = []
        for kind in scenario.kinds {
            let word = self.word(scenario, kind, capabilities)
            if let index = said.firstIndex(where: { $0.word == word }) {
                said[index].kinds.append(kind.rawValue)
            } else {
                said.append((word, [kind.rawValue]))
            }
        }
        if said.count == 1 { return said[0].word }
        return said.map { "\($0.kinds.joined(separator: ", ")) \($0.word)" }.joined(separator: "; ")
    }

    private static func word(
        _ scenario: Scenario, _ kind: DestinationKind, _ capabilities: BrokerCapabilities
    ) -> String {
        if let refusal = scenario.refusal(for: kind, by: capabilities) { return "no (\(refusal.operation.rawValue))" }
        let emulated = scenario.emulations(for: kind, by: capabilities).map(\.operation.rawValue)
        return emulated.isEmpty ? "native" : "emulated (\(emulated.joined(separator: ", ")))"
    }

    /// What a broker emulates and refuses of what the scenarios need, each once with its kinds.
    private static func costs(_ profile: BrokerProfile) -> [String] {
        var said: [(text: String, kinds: [String])] = []
        for operation in BrokerCapabilities.Operation.allCases {
            for kind in DestinationKind.allCases where isNeeded(operation, kind) {
                let text: String
                switch profile.capabilities[kind, operation] {
                case .native: continue
                case .emulated(let cost): text = "`\(operation.rawValue)` emulated: \(cost)"
                case .refused(let reason): text = "`\(operation.rawValue)` refused: \(reason)"
                }
                if let index = said.firstIndex(where: { $0.text == text }) {
                    said[index].kinds.append(kind.rawValue)
                } else {
                    said.append((text, [kind.rawValue]))
                }
            }
        }
        let lines = said.map { "- \($0.kinds.joined(separator: ", ")): \($0.text)" }
        return ["### \(profile.type)", ""] + (lines.isEmpty ? ["Everything is native."] : lines)
    }

    private static func isNeeded(_ operation: BrokerCapabilities.Operation, _ kind: DestinationKind) -> Bool {
        Scenario.all.contains { $0.kinds.contains(kind) && $0.operations.contains(operation) }
    }
}
