import Messaging
import MessagingReliability
import Testing

@Suite struct FailurePolicyTests {
    private static let retry = RetryPolicy(attempts: 3, delay: .seconds(1), maximumDelay: .seconds(60))

    private func policy(
        _ deadLetters: FailurePolicy.DeadLetters = .hub, ordered: Bool = false,
        crashCount: BrokerCapabilities.CrashCount = .exact
    ) -> FailurePolicy {
        FailurePolicy(
            RetrySelection(Self.retry), deadLetters: deadLetters, isOrdered: ordered, crashCount: crashCount)
    }

    private func decision(_ policy: FailurePolicy, _ result: RunResult, run: Int) -> RunDecision {
        policy.decision(after: result, run: run, type: "", random: 0)
    }

    /// The decisions of a handler that fails at every run, as far as it runs.
    private func timeline(_ policy: FailurePolicy, runs: Int = 5) -> [RunDecision] {
        (1...runs).map { decision(policy, .failed, run: $0) }
    }

    @Test("S3-55 with a maximum of 3 retries, a handler that always fails runs 4 times")
    func fourInvocations() {
        let retries = RetrySelection(RetryPolicy(attempts: 4, backoff: .constant, delay: .seconds(60)))
        let policy = FailurePolicy(retries)
        let runs = (1...10).prefix { run in
            run == 1
                || policy.decision(after: .failed, run: run - 1, type: "", random: 0) == .retry(after: .seconds(60))
        }
        #expect(runs.count == 4)
    }

    @Test("S3-56 after the last retry: the dead-letter queue")
    func exhausted() {
        #expect(
            timeline(policy()) == [
                .retry(after: .seconds(1)), .retry(after: .seconds(2)), .deadLetter(.exhausted),
                .deadLetter(.exhausted), .deadLetter(.exhausted),
            ])
    }

    @Test("S0-104 an error that no repetition changes: one attempt, then the dead-letter queue")
    func permanent() {
        #expect(decision(policy(), .rejected, run: 1) == .deadLetter(.rejected))
        #expect(decision(policy(ordered: true), .rejected, run: 1) == .deadLetter(.rejected))
    }

    @Test func undecodableGoesAtItsFirstAttempt() {
        #expect(decision(policy(), .undecodable, run: 1) == .deadLetter(.undecodable))
    }

    @Test func aTimeoutIsAFailure() {
        #expect(decision(policy(), .timedOut, run: 1) == .retry(after: .seconds(1)))
        #expect(decision(policy(), .timedOut, run: 3) == .deadLetter(.exhausted))
    }

    @Test func whatAShutdownEndsIsReleasedAndNeverCounted() {
        for run in [1, 3, 50] { #expect(decision(policy(), .interrupted, run: run) == .release) }
        #expect(decision(policy(.none, ordered: true), .interrupted, run: 50) == .release)
    }

    @Test func whatIsFinishedIsAccepted() {
        #expect(decision(policy(), .finished, run: 99) == .accept)
    }

    @Test func whereOrderIsKeptItRunsAgainHere() {
        #expect(
            timeline(policy(ordered: true), runs: 3) == [
                .runAgain(after: .seconds(1)), .runAgain(after: .seconds(2)), .deadLetter(.exhausted),
            ])
    }

    @Test func withoutDeadLettersItIsTriedForEver() {
        #expect(
            timeline(policy(.none), runs: 4) == [
                .retry(after: .seconds(1)), .retry(after: .seconds(2)), .keep(retryAfter: .seconds(2), .exhausted),
                .keep(retryAfter: .seconds(2), .exhausted),
            ])
        #expect(decision(policy(.none), .rejected, run: 1) == .keep(retryAfter: .seconds(2), .rejected))
    }

    @Test func withoutDeadLettersAnOrderedSubscriptionPauses() {
        #expect(
            timeline(policy(.none, ordered: true), runs: 3) == [
                .runAgain(after: .seconds(1)), .runAgain(after: .seconds(2)), .pause(for: .seconds(2), .exhausted),
            ])
    }

    @Test func theBrokersOwnDeadLettersAreAskedForByDiscarding() {
        #expect(decision(policy(.broker), .failed, run: 3) == .discard(.exhausted))
    }

    @Test func aLiveBroadcastIsNotTriedAgain() {
        #expect(decision(policy(.dropped), .failed, run: 1) == .drop(.exhausted))
    }

    @Test func aMessageAboveItsLimitGetsOneMoreRun() {
        let policy = policy()
        for attempt in [4, 10, 18] {
            #expect(policy.refusal(ofAttempt: attempt, type: "", hasFailedHere: false) == nil)
            #expect(decision(policy, .failed, run: attempt) == .deadLetter(.exhausted))
            #expect(decision(policy, .finished, run: attempt) == .accept)
        }
    }

    @Test func sixteenAboveItsLimitItKillsItsProcesses() {
        let policy = policy()
        #expect(policy.refusal(ofAttempt: 18, type: "", hasFailedHere: false) == nil)
        #expect(policy.refusal(ofAttempt: 19, type: "", hasFailedHere: false) == .deadLetter(.crashed))
        #expect(policy.refusal(ofAttempt: 19, type: "", hasFailedHere: true) == nil)
        #expect(self.policy(.broker).refusal(ofAttempt: 19, type: "", hasFailedHere: false) == .discard(.crashed))
        #expect(self.policy(.none).refusal(ofAttempt: 500, type: "", hasFailedHere: false) == nil)
    }

    @Test(arguments: [BrokerCapabilities.CrashCount.redeliveredOnly, .none])
    func whereCrashesAreNotCountedNothingIsTakenForOne(count: BrokerCapabilities.CrashCount) {
        #expect(policy(crashCount: count).refusal(ofAttempt: 500, type: "", hasFailedHere: false) == nil)
    }

    @Test func runsAreCountedHereWhereTheBrokerDoesNot() {
        let policy = policy()
        #expect(policy.run(ofAttempt: 1, lastFailedRun: nil) == 1)
        #expect(policy.run(ofAttempt: 3, lastFailedRun: nil) == 3)
        #expect(policy.run(ofAttempt: 1, lastFailedRun: 2) == 3)
        #expect(policy.run(ofAttempt: 7, lastFailedRun: 2) == 7)
        #expect(policy.run(ofAttempt: -4, lastFailedRun: nil) == 1)
    }

    @Test("S0-102 each type has its own limit in the failure path")
    func byType() {
        let selection = RetrySelection(Self.retry, byType: ["once": RetryPolicy(attempts: 1)])
        let policy = FailurePolicy(selection)
        #expect(policy.decision(after: .failed, run: 1, type: "once", random: 0) == .deadLetter(.exhausted))
        #expect(policy.decision(after: .failed, run: 1, type: "other", random: 0) == .retry(after: .seconds(1)))
    }
}
