import Messaging
import MessagingTesting

/// The suite against one broker: a few scenarios at a time, told of in their order.
struct VerifySuite: Sendable {
    private enum Step: Sendable {
        case ended(Int, VerifyOutcome)
        case interrupted
        case over
    }

    let subject: VerifySubject
    let lines: [VerifyPlan.Line]
    let seed: UInt64

    /// Runs every line until it is interrupted: then those that run are cancelled, and remove what they made. Tells of each
    /// scenario once it and all before it have ended for each of their kinds.
    func run(
        until isInterrupted: @escaping @Sendable () -> Bool,
        showing show: @escaping @Sendable (VerifySubject, VerifyCount) -> Void, telling: ([VerifyOutcome]) -> Void
    ) async -> VerifyCount {
        let tally = VerifyTally(of: lines.count)
        var outcomes = [VerifyOutcome?](repeating: nil, count: lines.count)
        var (next, running, told, isOver) = (0, 0, 0, false)
        await withTaskGroup(of: Step.self) { group in
            group.addTask { await watch(tally, until: isInterrupted, showing: show) }
            while running > 0 || next < lines.count && !isOver {
                while running < subject.width, next < lines.count, !isOver {
                    let index = next
                    group.addTask { .ended(index, await outcome(of: lines[index])) }
                    (next, running) = (next + 1, running + 1)
                }
                switch await group.next() {
                case .ended(let index, let outcome)?:
                    running -= 1
                    if isOver, outcome.hasFailed {
                        tally.interrupt(outcome)
                        continue
                    }
                    outcomes[index] = outcome
                    tally.add(outcome)
                    told = tell(outcomes, from: told, telling)
                case .interrupted?:
                    isOver = true
                    group.cancelAll()
                case .over?, nil: break
                }
            }
            group.cancelAll()
        }
        if isOver { tellTheRest(outcomes, from: told, telling) }
        return tally.count
    }

    /// Tells of the scenarios from an index on that have ended; the index of the first that has not.
    private func tell(_ outcomes: [VerifyOutcome?], from start: Int, _ telling: ([VerifyOutcome]) -> Void) -> Int {
        var start = start
        while start < lines.count {
            let end = self.end(ofScenarioAt: start)
            let group = outcomes[start..<end].compactMap { $0 }
            if group.count < end - start { return start }
            telling(group)
            start = end
        }
        return start
    }

    private func tellTheRest(_ outcomes: [VerifyOutcome?], from start: Int, _ telling: ([VerifyOutcome]) -> Void) {
        var start = start
        while start < lines.count {
            let end = self.end(ofScenarioAt: start)
            let group = outcomes[start..<end].compactMap { $0 }
            if !group.isEmpty { telling(group) }
            start = end
        }
    }

    private func end(ofScenarioAt start: Int) -> Int {
        let first = lines[start].scenario
        return lines[start...].firstIndex { $0.scenario.number != first.number || $0.scenario.level != first.level }
            ?? lines.count
    }

    private func outcome(of line: VerifyPlan.Line) async -> VerifyOutcome {
        let harness = subject.harness()
        let start = SystemTime.shared.uptime
        let result = await BrokerConformance(harness, seed: seed).run(line.scenario, kind: line.kind)
        return VerifyOutcome(
            broker: subject.name, type: subject.type, line: line, result: result,
            took: SystemTime.shared.uptime - start)
    }

    /// Shows how far it is, until it is interrupted or over.
    private func watch(
        _ tally: VerifyTally, until isInterrupted: @Sendable () -> Bool,
        showing show: @Sendable (VerifySubject, VerifyCount) -> Void
    ) async -> Step {
        while !isInterrupted() {
            show(subject, tally.count)
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return .over }
        }
        return .interrupted
    }
}
