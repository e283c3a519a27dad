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

    /// Runs one scenario for one of its kinds and removes what it made. Returns within ten times the harness's
    /// patience, or the longer time that the scenario needs; a hang is a failure.
    public func run(_ scenario: Scenario, kind: DestinationKind) async -> ScenarioResult {
        let run = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let context = ScenarioContext(harness: harness, kind: kind, seed: seed, run: run)
        let (body, patience, time) = (scenario.body, harness.patience, harness.time)
        let result: ScenarioResult
        do {
            let capabilities = try await context.peer().broker.capabilities
            if let reason = exclusion(of: scenario, kind: kind, capabilities) {
                result = .excluded(reason: reason)
            } else {
                try await time.bounded("the scenario", within: patience * 10 + .seconds(10)) { try await body(context) }
                result = .passed(emulations: emulations(in: scenario, kind: kind, capabilities))
            }
        } catch {
            result = .failed(violation(of: scenario, kind: kind, context, error))
        }
        await context.cleanUp()
        return result
    }

    private func violation(
        of scenario: Scenario, kind: DestinationKind, _ context: ScenarioContext, _ error: any Error
    ) -> ScenarioViolation {
        let failure = error as? ScenarioFailure
        return ScenarioViolation(
            scenario: scenario, kind: kind, sentence: "\(error)", seed: seed,
            excerpt: context.history.excerpt(about: failure?.messages ?? []))
    }

    private func exclusion(
        of scenario: Scenario, kind: DestinationKind, _ capabilities: BrokerCapabilities
    ) -> String? {
        if !scenario.kinds.contains(kind) { return "it is not about a \(kind)" }
        if case .refused(let reason) = capabilities[kind, .serve] { return reason }
        for need in scenario.needs {
            switch need {
            case .operation(let operation):
                if case .refused(let reason) = capabilities[kind, operation] { return reason }
            case .crash:
                if harness.server == nil { return "the harness of \(harness.name) cannot end its server" }
            }
        }
        return nil
    }

    private func emulations(
        in scenario: Scenario, kind: DestinationKind, _ capabilities: BrokerCapabilities
    ) -> [String] {
        let operations: [BrokerCapabilities.Operation] = scenario.needs.compactMap {
            if case .operation(let operation) = $0 { operation } else { nil }
        }
        return ([.serve] + operations).compactMap { operation in
            if case .emulated(let cost) = capabilities[kind, operation] {
                "\(operation.rawValue): \(cost)"
            } else {
                nil
            }
        }
    }
}
