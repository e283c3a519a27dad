public import Messaging

/// The conformance suite against one broker: the definition of what every broker must do.
///
///     let result = await BrokerConformance(MyHarness()).run(scenario, kind: .queue)
public struct BrokerConformance: Sendable {
    private let harness: any ConformanceHarness
    private let seed: UInt64

    /// The suite against what this harness makes; `seed` decides everything that a scenario draws. Default: a new one.
    public init(_ harness: any ConformanceHarness, seed: UInt64 = .random(in: 0...UInt64.max)) {
        self.harness = harness
        self.seed = seed
    }

    /// Runs one scenario for one of its kinds, judges the history of the run by what must hold in every run, and removes
    /// what it made, also when the task is cancelled. What cannot be removed is a failure by name. A hang is a failure: the
    /// scenario has ten times the harness's patience and 10 s, the removal ten times the patience, and whatever has not
    /// returned by then is left behind.
    public func run(_ scenario: Scenario, kind: DestinationKind) async -> ScenarioResult {
        let run = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let context = ScenarioContext(harness: harness, kind: kind, seed: seed, run: run)
        let (patience, time) = (harness.patience, harness.time)
        var result: ScenarioResult
        do {
            result = try await time.bounded("the scenario", within: patience * 10 + .seconds(10)) {
                try await self.result(of: scenario, kind: kind, context)
            }
            if case .passed(let emulations) = result {
                try await time.bounded("judging the history", within: patience * 5) { try await context.judgeHistory() }
                result = .passed(emulations: emulations + context.remarks)
            }
        } catch {
            result = .failed(violation(of: scenario, kind: kind, context, error))
        }
        // In a task of its own: what was made is removed also where the caller is cancelled.
        let removal = Task {
            try await time.bounded("removing what the run made", within: patience * 10) { try await context.cleanUp() }
        }
        do { try await removal.value } catch {
            var violation = violation(of: scenario, kind: kind, context, error)
            if case .failed(let first) = result { violation = first }
            violation.remains = "\(error)"
            result = .failed(violation)
        }
        return result
    }

    private func result(
        of scenario: Scenario, kind: DestinationKind, _ context: ScenarioContext
    ) async throws -> ScenarioResult {
        let peer = try await context.peer()
        let capabilities = peer.broker.capabilities
        if let reason = exclusion(of: scenario, kind: kind, capabilities, peer) { return .excluded(reason: reason) }
        try await scenario.body(context)
        let emulations = scenario.emulations(for: kind, by: capabilities)
        return .passed(emulations: emulations.map { "\($0.operation.rawValue): \($0.cost)" })
    }

    private func violation(
        of scenario: Scenario, kind: DestinationKind, _ context: ScenarioContext, _ error: any Error
    ) -> ScenarioViolation {
        let history = context.history
        let excerpt =
            if let shown = (error as? HistoryFailure)?.violation {
                history.excerpt(of: shown.entries, about: Set(shown.messages))
            } else {
                history.excerpt(about: (error as? ScenarioFailure)?.messages ?? [])
            }
        return ScenarioViolation(
            scenario: scenario, kind: kind, sentence: "\(error)", seed: seed, excerpt: excerpt,
            history: history.lines)
    }

    private func exclusion(
        of scenario: Scenario, kind: DestinationKind, _ capabilities: BrokerCapabilities, _ peer: Peer
    ) -> String? {
        if !scenario.kinds.contains(kind) { return "it is not about a \(kind)" }
        if let refusal = scenario.refusal(for: kind, by: capabilities) { return refusal.reason }
        let missing = scenario.needs.first { need in
            switch need {
            case .operation: false
            case .crash: harness.server == nil
            case .link: peer.link == nil
            case .kill: !peer.canBeKilled
            case .foreignClient: harness.surroundings.publishForeign == nil
            case .obstacle: harness.surroundings.obstacles.isEmpty
            case .processUse: ProcessUse.threads() == nil
            }
        }
        return missing.map { harness.lack(of: $0) }
    }
}
