import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("Circuit breakers, budgets of retries and time-outs, and what notices their faults", .timeLimit(.minutes(5)))
struct PolicyMutantTests {
    @Test("S0-65 five consecutive failures open the breaker, and the handler is not called while it is open")
    func notCalledWhileOpen() async throws { try await PolicyRule.notCalledWhileOpen.check(.init()) }

    @Test("S0-106 an open breaker spends no retry attempts")
    func noAttemptsSpent() async throws { try await PolicyRule.noAttemptsSpent.check(.init()) }

    @Test("S0-105 a budget of ten retries a minute dead-letters the eleventh at once")
    func eleventhRetry() async throws { try await PolicyRule.eleventhRetry.check(.init()) }

    @Test func onlyFailuresInARowOpenABreaker() async throws { try await PolicyRule.inARow.check(.init()) }

    @Test func aHalfOpenBreakerLetsItsProbesThroughAndNoMore() async throws {
        try await PolicyRule.statedProbes.check(.init())
    }

    @Test func permanentErrorsOfPublishesOpenNoBreaker() async throws {
        try await PolicyRule.permanentErrors.check(.init())
    }

    @Test func aBudgetIsFullAgainAfterAMinute() async throws { try await PolicyRule.refilled.check(.init()) }

    @Test func aRunIsEndedWhenItsTimeIsUpAndNotBefore() async throws {
        try await PolicyRule.struckInTime.check(.init())
    }

    @Test(
        "what must hold of a broker that stands in",
        arguments: [PolicyRule.diverted, .loggedOnce, .returned, .unsure])
    func fallback(_ rule: PolicyRule) async throws { try await rule.check(.init()) }

    @Test(
        "a policy with a fault turns its rules red, each with its sentence",
        arguments: PolicyMutant.all + PolicyMutant.ofFallbacks)
    func turnsRed(_ mutant: PolicyMutant) async {
        var trial = PolicyRule.Trial(patience: .seconds(3))
        mutant.spoil(&trial.policies)
        for (rule, sentence) in mutant.catches {
            do {
                try await rule.check(trial)
                Issue.record("\(rule.name): does not notice this")
            } catch {
                #expect(error is PolicyViolation && "\(error)".contains(sentence), "\(rule.name): \(error)")
            }
        }
    }
}
