import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension Mutant {
    /// Flaws of what the hub decides about a delivery that did not go well.
    static let decisions: [Mutant] = [
        Mutant(
            "a policy of failures allows a run too many",
            caughtBy: [
                .init(16, "with a limit of 3 the handler ran as attempts [1, 2, 3, 4]", .hub),
                .init(17, "beside a policy of the broker's own it ran as attempts [1, 2, 3, 4]", .hub),
            ], spoiling: [18, 20, 100]
        ) { .ofFailures { $0.retries.standard.attempts += 1 } },
        Mutant(
            "a policy of failures allows a run too few",
            caughtBy: [
                .init(16, "with a limit of 3 the handler ran as attempts [1, 2]", .hub),
                .init(17, "beside a policy of the broker's own it ran as attempts [1, 2], not", .hub),
                .init(100, "run 5 did not come within 250ms of its delay of 8s", .hub),
            ], spoiling: [18, 20, 21]
        ) { .ofFailures { $0.retries.standard.attempts -= 1 } },
        Mutant(
            "a run that has failed counts as done",
            caughtBy: [
                .init(16, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(20, "run 2 did not come within 250ms of its delay of 1s", .hub),
                .init(21, "the handler ran 1 times, not 3", .hub),
                .init(93, "the first copy failed, and both were handled after that", .hub),
                .init(100, "run 2 did not come within 250ms of its delay of 1s", .hub),
            ], spoiling: [17, 18, 88, 101]
        ) { .ofDecisions { $0.result == .failed ? .accept : $1 } },
        Mutant(
            "what a shutdown breaks off counts as done",
            caughtBy: [.init(77, "what was unfinished at the shutdown: …is missing", .hub)], spoiling: [93]
        ) { .ofDecisions { $0.result == .interrupted ? .accept : $1 } },
        Mutant(
            "a message that was rejected is tried again",
            caughtBy: [.init(2, "received 0 of 1 from …, and then none for 1500ms", .hub)], spoiling: [19]
        ) { .ofDecisions { $0.result == .rejected ? $0.decision(as: .failed) : $1 } },
        Mutant(
            "an undecodable message is a failed run as any other",
            caughtBy: [
                .init(22, "hub-dead-letter-reason of an undecodable message is exhausted, not undecodable", .hub)
            ]
        ) { .ofDecisions { $0.result == .undecodable ? $0.decision(as: .failed) : $1 } },
        Mutant(
            "what has had its runs is said to be rejected",
            caughtBy: [
                .init(16, "the reason of the dead letter is rejected, not exhausted", .hub),
                .init(18, "hub-dead-letter-reason is rejected, not exhausted", .hub),
            ], spoiling: [17]
        ) { .ofDecisions { $1 == .deadLetter(.exhausted) ? .deadLetter(.rejected) : $1 } },
        Mutant(
            "a dead letter is dropped, and its original accepted",
            caughtBy: [
                .init(2, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(16, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(18, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(19, "received 0 of 1 from …, and then none for 1500ms", .hub),
                .init(22, "received 0 of 3 from …, and then none for 1500ms", .hub),
            ], spoiling: [17, 100]
        ) { .ofDecisions { if case .deadLetter(let reason) = $1 { .drop(reason) } else { $1 } } },
        Mutant(
            "the hub leaves its dead letters to the broker",
            caughtBy: [.init(17, "received 0 of 1 from …, and then none for 1500ms", .hub)],
            spoiling: [2, 16, 18, 19, 22, 100]
        ) { .ofDecisions { if case .deadLetter(let reason) = $1 { .discard(reason) } else { $1 } } },
        Mutant(
            "what the broker is to dead-letter is dropped",
            caughtBy: [.init(17, "received 0 of 1 from …, and then none for 1500ms", .hub)]
        ) { .ofDecisions { if case .discard(let reason) = $1 { .drop(reason) } else { $1 } } },
        Mutant(
            "what comes above its limit is given up unseen",
            caughtBy: [.init(16, "a message that came above its limit ran as attempts [], not once as 5", .hub)]
        ) {
            .ofRefusals { policy, attempt in attempt > policy.retries.standard.limit ? .deadLetter(.exhausted) : nil }
        },
        Mutant(
            "what kills its processes is given up one death too early",
            caughtBy: [.init(16, "with a limit of 3, after 17 deaths it ran 0 times", .hub)]
        ) {
            .ofRefusals { policy, attempt in
                policy.refusal(ofAttempt: attempt + 1, type: "", hasFailedHere: false)
            }
        },
        Mutant(
            "what kills its processes is never given up",
            caughtBy: [.init(16, "received 0 of 1 from …, and then none for 1500ms", .hub)]
        ) { .ofRefusals { _, _ in nil } },
        Mutant(
            "a retry comes without the delay of its policy",
            caughtBy: [
                .init(20, "run 2 came …after the one before, not 1s", .hub),
                .init(21, "after a failed run the next came after", .hub),
            ], spoiling: [18, 100]
        ) { .ofDecisions { if case .retry = $1 { .retry(after: .zero) } else { $1 } } },
    ]

    /// Flaws of what becomes of a message that nobody takes.
    static let keepings: [Mutant] = [
        Mutant(
            "what nobody takes is accepted at last",
            caughtBy: [.init(20, "run 6 did not come within 250ms of its delay of 8s", .hub)]
        ) { .ofDecisions { if case .keep = $1 { .accept } else { $1 } } },
        Mutant(
            "what nobody takes is tried again without an alarm",
            caughtBy: [.init(20, "the alarms are [], not one about m1", .hub)]
        ) { .ofDecisions { if case .keep(let delay, _) = $1 { .retry(after: delay) } else { $1 } } },
        Mutant(
            "an alarm goes with each second run, and is told anew",
            caughtBy: [.init(20, "times of one message that nobody takes, not once", .hub)]
        ) {
            .ofDecisions { run, decision in
                guard case .keep(let delay, _) = decision, !run.number.isMultiple(of: 2) else { return decision }
                return .retry(after: delay)
            }
        },
        Mutant(
            "where order is kept, what nobody takes is run again without a pause",
            caughtBy: [.init(20, "the subscription of an ordered destination never paused", .hub)]
        ) { .ofDecisions { if case .pause(let delay, _) = $1 { .runAgain(after: delay) } else { $1 } } },
        Mutant(
            "where order is kept, what nobody takes goes back to the broker",
            caughtBy: [.init(20, "run …was of m…, not of the message", .hub)]
        ) { .ofDecisions { if case .pause(let delay, _) = $1 { .retry(after: delay) } else { $1 } } },
        Mutant(
            "where order is kept, what nobody takes is accepted, and the next one runs",
            caughtBy: [.init(20, "run …was of m…, not of the message", .hub)]
        ) { .ofDecisions { if case .pause = $1 { .accept } else { $1 } } },
    ]
}

/// What has ended, as a flawed policy of failures is told of it.
struct EndedRun: Sendable {
    let policy: FailurePolicy
    let result: RunResult
    /// From 1.
    let number: Int
    fileprivate let type: String
    fileprivate let random: Double

    /// What would be decided if it had ended otherwise.
    func decision(as result: RunResult) -> RunDecision {
        policy.decision(after: result, run: number, type: type, random: random)
    }
}

/// A policy of failures with one flaw; what is nil it decides right.
private struct FlawedDecisions: FailureDeciding {
    let policy: FailurePolicy
    var refusing: (@Sendable (FailurePolicy, Int) -> RunDecision?)?
    var deciding: (@Sendable (EndedRun, RunDecision) -> RunDecision)?

    func refusal(ofAttempt attempt: Int, type: String, hasFailedHere: Bool) -> RunDecision? {
        guard let refusing else {
            return policy.refusal(ofAttempt: attempt, type: type, hasFailedHere: hasFailedHere)
        }
        return hasFailedHere ? nil : refusing(policy, attempt)
    }

    func decision(after result: RunResult, run: Int, type: String, random: Double) -> RunDecision {
        let ended = EndedRun(policy: policy, result: result, number: run, type: type, random: random)
        let right = ended.decision(as: result)
        return deciding?(ended, right) ?? right
    }

    func decisionOverBudget(type: String) -> RunDecision { policy.decisionOverBudget(type: type) }
}

extension Flaw {
    /// A flaw of what decides for the hub.
    static func ofPolicies(_ edit: @escaping @Sendable (inout HubPolicies) -> Void) -> Flaw {
        var flaw = Flaw()
        flaw.watch = { edit(&$0.policies) }
        return flaw
    }

    /// A flaw of a policy of failures itself: it decides right, by what is wrong.
    fileprivate static func ofFailures(_ edit: @escaping @Sendable (inout FailurePolicy) -> Void) -> Flaw {
        .ofPolicies { policies in
            policies.failures = { policy in
                var policy = policy
                edit(&policy)
                return policy
            }
        }
    }

    /// A flaw of what is decided after a run; the second argument is what should be.
    fileprivate static func ofDecisions(
        _ decide: @escaping @Sendable (EndedRun, RunDecision) -> RunDecision
    ) -> Flaw {
        .ofPolicies { $0.failures = { FlawedDecisions(policy: $0, deciding: decide) } }
    }

    /// A flaw of what is given up when it arrives, where no run of it has failed in this process.
    fileprivate static func ofRefusals(
        _ refuse: @escaping @Sendable (FailurePolicy, Int) -> RunDecision?
    ) -> Flaw {
        .ofPolicies { $0.failures = { FlawedDecisions(policy: $0, refusing: refuse) } }
    }
}
