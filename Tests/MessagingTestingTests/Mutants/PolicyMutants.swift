import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension Mutant {
    /// Flaws of how the hub gives a message up, repeats a publish, and matches replies with requests.
    static let policies: [Mutant] = givingUp + repeating + matching

    private static let givingUp: [Mutant] = [
        Mutant(
            "the hub accepts the original, then sends its dead letter",
            caughtBy: [.init(19, "received 0 of 1 from …, and then none for 1500ms", .hub)]
        ) {
            .ofDeadLetters { steps in
                let accepted = await steps.accept()
                return accepted == .settled ? await steps.publish() : accepted
            }
        },
        Mutant(
            "the hub accepts the original, though its dead letter was refused",
            caughtBy: [.init(19, "received 0 of 1 from …, and then none for 1500ms", .hub)]
        ) {
            .ofDeadLetters { steps in
                let outcome = await steps.taken()
                if case .failed = outcome { return await steps.accept() }
                return outcome
            }
        },
        Mutant(
            "the hub sends a dead letter and keeps the original",
            caughtBy: [
                .init(2, "m1 came from …: it was ", .hub),
                .init(16, "m1 came from …: it was dead-lettered", .hub),
                .init(17, "m1 came from …: it was dead-lettered", .hub),
            ], spoiling: [22]
        ) { .ofDeadLetters { await $0.publish() } },
        Mutant(
            "the hub sends a dead letter twice",
            caughtBy: [
                .init(2, "m1 came from …: it was dead-lettered once", .hub),
                .init(16, "m1 came from …: it was dead-lettered once", .hub),
                .init(17, "m1 came from …: it was dead-lettered once", .hub),
                .init(22, "came from …: it was dead-lettered once, or handled", .hub),
            ]
        ) {
            .ofDeadLetters { steps in
                _ = await steps.publish()
                return await steps.taken()
            }
        },
    ]

    private static let repeating: [Mutant] = [
        Mutant(
            "the hub repeats a publish whole, of which one was refused",
            caughtBy: [
                .init(100, "a publish of three, of which one was refused for now: … came more than once", .hub)
            ]
        ) {
            .ofPolicies { policies in
                let split = policies.publishRetry
                policies.publishRetry = { failure, messages, acceptsDuplicates in
                    let right = split(failure, messages, acceptsDuplicates)
                    return right.again.isEmpty ? right : (Array(messages.indices), right.final)
                }
            }
        },
        Mutant(
            "the hub takes what was refused for now as confirmed",
            caughtBy: [
                .init(100, "a publish of three, of which one was refused for now: … is missing", .hub)
            ], spoiling: [19, 101]
        ) {
            .ofPolicies { policies in
                let split = policies.publishRetry
                policies.publishRetry = { ([], split($0, $1, $2).final) }
            }
        },
    ]

    private static let matching: [Mutant] = [
        Mutant(
            "a request waits for its reply for ever",
            caughtBy: [
                .init(91, "request first did not return within ", .hub),
                .init(92, "a request that nobody answered in time ended with a reply", .hub),
            ]
        ) { .ofReplies { $0.late = .seconds(86_400) } },
        Mutant(
            "a reply is taken for another second after the time of its request",
            caughtBy: [
                .init(91, "a request that was answered after its time did not end with its time-out", .hub),
                .init(
                    92, "by a reply topic: a request to nobody ended with timeout after 1…, not with its time-out",
                    .hub),
            ]
        ) { .ofReplies { $0.late = .seconds(1) } },
        Mutant(
            "a request is given up before its time",
            caughtBy: [
                .init(
                    92, "by a reply topic: a request to nobody ended with timeout after …, not with its time-out", .hub)
            ], byChance: [91]
        ) { .ofReplies { $0.late = .milliseconds(-200) } },
        Mutant(
            "a reply resolves the request that was made last",
            caughtBy: [
                .init(90, "by a reply topic: of 1000 requests … did not get their own reply: request", .hub),
                .init(91, "by a reply topic: the request after a late reply got \"late\", not \"own\"", .hub),
            ]
        ) {
            .ofReplies { replies in
                replies.id = { said, waiting in said.flatMap(CorrelationID.init) == nil ? nil : waiting.last }
            }
        },
        Mutant(
            "a correlation id is compared without regard to case",
            caughtBy: [
                .init(91, "by a reply topic: a request that strangers replied to got \"from a stranger\"", .hub)
            ]
        ) { .ofReplies { replies in replies.id = { said, _ in said.flatMap { CorrelationID($0.lowercased()) } } } },
        Mutant(
            "a request that has ended is not forgotten",
            caughtBy: [.init(91, " requests still wait, though each was answered or given up", .hub)]
        ) { .ofReplies { $0.forgets = false } },
    ]
}

/// What knows which request a reply resolves, with one flaw.
private struct FlawedReplies: ReplyMatching {
    var base: PendingReplies<HubPolicies.Asker>
    /// By how much later a request is given up than it should be.
    var late = Duration.zero
    var forgets = true
    /// Which request a correlation id names, of those that wait, the earliest first; nil: that which it should.
    var id: (@Sendable (String?, [CorrelationID]) -> CorrelationID?)?
    private var waiting: [CorrelationID] = []

    init(capacity: Int) { base = PendingReplies(capacity: capacity) }

    var count: Int { base.count }

    mutating func add(_ asker: HubPolicies.Asker, as id: CorrelationID, until deadline: Duration) -> Bool {
        // What would be over before it was sent is no request that is given up too early, but one that is not made.
        let end = deadline + late
        let isAdded = base.add(asker, as: id, until: end < SystemTime.shared.uptime ? deadline : end)
        if isAdded { waiting.append(id) }
        return isAdded
    }

    func deadline(of id: CorrelationID) -> Duration? { base.deadline(of: id) }

    mutating func resolve(_ correlationID: String?, at now: Duration) -> HubPolicies.Asker? {
        let said = id.map { $0(correlationID, waiting)?.description } ?? correlationID
        let asker = base.resolve(said, at: now)
        if asker != nil { waiting.removeAll { $0.description == said } }
        return asker
    }

    mutating func remove(_ id: CorrelationID) {
        guard forgets else { return }
        base.remove(id)
        waiting.removeAll { $0 == id }
    }

    mutating func removeAll() -> [HubPolicies.Asker] { base.removeAll() }
}

extension Flaw {
    /// A flaw of how a dead letter is sent, and its original accepted.
    fileprivate static func ofDeadLetters(
        _ give: @escaping @Sendable (DeadLetterSteps) async -> SettlementOutcome
    ) -> Flaw {
        .ofPolicies { $0.deadLetter = give }
    }

    /// A flaw of which request a reply resolves, and until when it waits.
    fileprivate static func ofReplies(_ edit: @escaping @Sendable (inout FlawedReplies) -> Void) -> Flaw {
        .ofPolicies { policies in
            policies.replies = { capacity in
                var replies = FlawedReplies(capacity: capacity)
                edit(&replies)
                return replies
            }
        }
    }
}
