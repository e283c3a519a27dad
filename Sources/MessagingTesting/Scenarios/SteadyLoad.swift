import Messaging

/// A publisher and a consumer at work while something is disturbed. Letting go of it ends them.
final class SteadyLoad: Sendable {
    /// The work of both, apart from their owner.
    private struct Work: Sendable {
        let context: ScenarioContext
        let publisher: Peer
        let member: Member
        let account: Observed<LoadAccount>

        /// Does one of these, and notes that it failed.
        func does(_ work: (Work) async throws -> Void) async {
            do { try await work(self) } catch { account.change { $0.fail(error) } }
        }

        /// Publishes so many at a time until it is told to stop; waits while the consumer is far behind, since what
        /// stands before a message would else be taken for an outage.
        func publish(_ count: Int) async throws {
            let (time, place) = (context.time, member.place)
            let options = PublishOptions(deadline: context.patience)
            while account.value.isPublishing {
                try Task.checkCancellation()
                let isDue = await account.first(within: .milliseconds(20)) {
                    $0.missing.count < 256 || !$0.isPublishing
                }
                guard isDue?.isPublishing == true else { continue }
                let messages = context.messages(count)
                let ids = messages.map(\.id)
                account.change { $0.publish(ids, at: time.uptime) }
                var outcomes: [Int: PublishFailure.Outcome] = [:]
                do {
                    if count == 1 {
                        try await publisher.publish(messages[0], to: place, options: options)
                    } else {
                        try await publisher.publish(messages, to: place, options: options)
                    }
                } catch let failure as PublishFailure {
                    outcomes = failure.outcomes
                }
                account.change { $0.answer(ids, outcomes) }
                try await time.sleep(for: .milliseconds(2))
            }
        }

        /// Receives and accepts until it is told to stop.
        func consume() async throws {
            let time = context.time
            while account.value.isConsuming {
                let deliveries = try await member.receive(upTo: 16, within: .milliseconds(20))
                if deliveries.isEmpty { continue }
                account.change { account in
                    for delivery in deliveries { account.receive(delivery.message.id, at: time.uptime) }
                }
                // Held for a while, so that a disturbance finds something in flight.
                try await time.sleep(for: .milliseconds(1))
                let outcomes = try await member.settle(deliveries.map { ($0, .accept) })
                account.change { account in
                    for (delivery, outcome) in zip(deliveries, outcomes) where outcome == .settled {
                        account.settle(delivery.message.id, at: time.uptime)
                    }
                }
            }
        }
    }

    let publisher: Peer
    let consumer: Peer
    private let context: ScenarioContext
    private let work: Work
    private let tasks: [Meanwhile<Void>]
    private var account: Observed<LoadAccount> { work.account }
    /// Where the messages go.
    var place: Place { work.member.place }

    /// Begins to publish and to consume, each in a process of its own, and returns when messages flow.
    init(_ context: ScenarioContext) async throws {
        self.context = context
        publisher = try await context.peer()
        consumer = try await context.peer()
        let place = try await context.place(by: publisher)
        let account = LoadAccount(settleLag: publisher.broker.limits.settleLag)
        let work = Work(
            context: context, publisher: publisher, member: try await consumer.subscribe(place, window: 32),
            account: Observed(account, on: context.time))
        self.work = work
        let limit = context.patience * 9
        tasks = [
            context.meanwhile("publishing several", within: limit) { await work.does { try await $0.publish(4) } },
            context.meanwhile("publishing one by one", within: limit) { await work.does { try await $0.publish(1) } },
            context.meanwhile("consuming", within: limit) { await work.does { try await $0.consume() } },
        ]
        try await flows("at first")
    }

    /// Fails unless what is published from now on is handled within 5 s.
    func flows(_ when: String) async throws {
        let (began, limit) = (context.time.uptime, min(.seconds(5), context.patience))
        let found = await account.first(within: limit) {
            $0.handledUpTo > began || $0.violation != nil
        }
        try throwViolation()
        try context.require(
            found != nil, "\(when), nothing that was published then was handled within \(limit.optionText)")
    }

    /// Disturbs and heals while messages flow, and requires that they flow again.
    func disturbed(_ when: String, _ disturb: () async throws -> Void, heal: () async throws -> Void) async throws {
        account.change { $0.disturb(at: context.time.uptime) }
        try await disturb()
        try await heal()
        try await flows(when)
        account.change { $0.heal(at: context.time.uptime) }
    }

    /// Stops publishing, and requires that what was confirmed is handled, that nothing was handled that was refused,
    /// and that nothing is left.
    func ends() async throws {
        account.change { $0.isPublishing = false }
        for task in tasks.dropLast() { try await task.value() }
        _ = await account.first(within: context.patience) { $0.missing.isEmpty || $0.violation != nil }
        try throwViolation()
        let missing = account.value.missing
        try context.require(
            missing.isEmpty, "\(context.names(missing)) was confirmed and never handled: lost", about: Array(missing))
        account.change { $0.isConsuming = false }
        try await tasks.last?.value()
        try throwViolation()
        try await work.member.cancel()
        let (unknown, handled) = (account.value.unknown, account.value.handled)
        let refused = account.value.refused.intersection(handled)
        try context.require(refused.isEmpty, "\(context.names(refused)) was refused and handled", about: Array(refused))
        try await context.nothingComesBack(
            from: work.member.place, but: Array(unknown.subtracting(handled)),
            because: "it was settled while the connection was disturbed")
        context.history.add("load", "handled \(handled.count), \(account.value.duplicates) of them again")
    }

    private func throwViolation() throws {
        if let violation = account.value.violation { throw violation }
    }
}
