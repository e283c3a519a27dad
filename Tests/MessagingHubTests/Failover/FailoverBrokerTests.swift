import InMemoryBroker
import Messaging
import MessagingHub
import MessagingTesting
import Testing

@Suite("Two brokers as one") struct FailoverBrokerTests {
    private let queue = Destination.queue("work")

    /// Two servers, what stands before them, and what it says.
    private struct Pair {
        let first: InMemoryServer
        let second: InMemoryServer
        let broker: FailoverBroker
        let changes = Recorder<FailoverBroker.Use>()
        let events = Recorder<BrokerEvent>()

        init(on time: any TimeSource = SystemTime.shared, _ profile: BrokerProfile = .inMemory) {
            (first, second) = (InMemoryServer(time: time), InMemoryServer(time: time))
            broker = FailoverBroker(
                InMemoryBroker(first, name: "main"), fallback: InMemoryBroker(second, name: "spare", profile: profile),
                tryingEvery: .seconds(1), on: time
            ) { [changes] use in changes.add(use) }
        }

        func connect() async throws { try await broker.connect { [events] event in events.add(event) } }

        /// How much waits at each server.
        func waiting(_ queue: Destination) async throws -> [Int] {
            var counts: [Int] = []
            for server in [first, second] {
                let broker = InMemoryBroker(server)
                try await broker.connect { _ in }
                counts.append(try await broker.topology?.depth(of: queue, group: nil).waiting ?? 0)
                await broker.close(within: .zero)
            }
            return counts
        }
    }

    private func connected() async throws -> Pair {
        let pair = Pair()
        try await pair.connect()
        try await pair.broker.declare([DestinationDeclaration(queue)])
        return pair
    }

    private func take(_ count: Int, from consumer: any MessageConsumer) async throws -> [Delivery] {
        var taken: [Delivery] = []
        let end = ContinuousClock.now + .seconds(60)
        while taken.count < count, ContinuousClock.now < end {
            taken += try await consumer.receive(upTo: count - taken.count, within: .seconds(5))
        }
        return taken
    }

    @Test func theFirstIsUsedWhileItIsThere() async throws {
        let pair = try await connected()
        try await pair.broker.publish([Message("a"), Message("b")], to: queue)
        #expect(try await pair.waiting(queue) == [2, 0])
        #expect(pair.broker.use == .primary && pair.broker.divertedCount == 0)
        #expect(pair.changes.all.isEmpty)
        #expect(pair.events.all == [.up])
    }

    @Test func theSecondIsUsedWhileTheFirstIsDownAndEachChangeIsToldOnce() async throws {
        let pair = try await connected()
        pair.first.kill()
        for _ in 0..<3 { try await pair.broker.publish(Message("a"), to: queue) }
        #expect(pair.broker.divertedCount == 3 && pair.broker.fallbackCount == 1)
        #expect(await pair.broker.health().state == .degraded)
        pair.first.start()
        try await pair.broker.publish(Message("b"), to: queue)
        #expect(try await pair.waiting(queue) == [1, 3])
        #expect(pair.changes.count == 2 && pair.changes.all.last == .primary)
        guard case .fallback(let error) = pair.changes.all.first else {
            Issue.record("the change to the second was not told")
            return
        }
        #expect(error.code == .notConnected)
        #expect(pair.events.count == 3 && pair.events.all.last == .up)
        #expect(await pair.broker.health().state == .connected)
    }

    @Test func aConsumerReceivesFromBothAndSettlesWhereItReceived() async throws {
        let pair = try await connected()
        let consumer = try await pair.broker.subscribe(Subscription(queue))
        try await pair.broker.publish(Message("a"), to: queue)
        let first = try await take(1, from: consumer)
        pair.first.kill()
        try await pair.broker.publish(Message("b"), to: queue)
        let second = try await take(1, from: consumer)
        #expect(first[0].message.body == "a" && second[0].message.body == "b")
        #expect(!consumer.holds(first[0].receipt) && consumer.holds(second[0].receipt))
        #expect(await consumer.settle(second[0].receipt, as: .accept) == .settled)
        #expect(await consumer.settle(second[0].receipt, as: .accept) == .stale)
        pair.first.start()
        let again = try await take(1, from: consumer)
        #expect(again[0].message.body == "a")
        #expect(await consumer.settle(again[0].receipt, as: .accept) == .settled)
        await consumer.cancel()
        #expect(try await pair.waiting(queue) == [0, 0])
        let error = await #expect(throws: BrokerError.self) { try await consumer.receive(upTo: 1, within: .seconds(1)) }
        #expect(error?.code == .ended)
    }

    @Test func aConsumerThatIsStoppedMakesWayAndSettlesWhatItHolds() async throws {
        let pair = Pair()
        try await pair.connect()
        var ordered = DestinationDeclaration(queue)
        ordered.order = .perKey
        try await pair.broker.declare([ordered])
        let consumer = try await pair.broker.subscribe(Subscription(queue))
        try await pair.broker.publish(Message("a"), to: queue)
        let held = try await take(1, from: consumer)
        await consumer.stop()
        let error = await #expect(throws: BrokerError.self) { try await consumer.receive(upTo: 1, within: .seconds(1)) }
        #expect(error?.endReason == .stopped)
        #expect(await consumer.settle(held[0].receipt, as: .accept) == .settled)
        let next = try await pair.broker.subscribe(Subscription(queue))
        try await pair.broker.publish(Message("b"), to: queue)
        #expect(try await next.receive(upTo: 1, within: .seconds(2)).map(\.message.body) == ["b"])
    }

    @Test func aFirstThatIsAwayAtTheBeginningIsUsedOnceItIsThere() async throws {
        let time = VirtualTime()
        let pair = Pair(on: time)
        pair.first.kill()
        try await pair.connect()
        #expect(pair.changes.count == 1)
        try await pair.broker.declare([DestinationDeclaration(queue)])
        let consumer = try await pair.broker.subscribe(Subscription(queue))
        try await pair.broker.publish(Message("a"), to: queue)
        pair.first.start()
        time.advance(by: .seconds(1))
        try await pair.broker.publish(Message("b"), to: queue)
        #expect(pair.broker.use == .primary && pair.broker.divertedCount == 1)
        let taken = try await take(2, from: consumer)
        #expect(Set(taken.map(\.message.body)) == ["a", "b"])
        #expect(pair.changes.all.last == .primary && pair.changes.count == 2)
    }

    @Test func bothAwayIsAnErrorAndNothingIsTaken() async throws {
        let pair = Pair()
        pair.first.kill()
        pair.second.kill()
        let error = await #expect(throws: BrokerError.self) { try await pair.connect() }
        #expect(error?.code == .unavailable)
        let failure = await #expect(throws: PublishFailure.self) {
            try await pair.broker.publish([Message("a"), Message("b")], to: queue)
        }
        #expect(failure?.outcomes.count == 2 && failure?.first.isRetryable == true)
        #expect(pair.changes.all.isEmpty)
    }

    @Test func whatTheFirstRefusesForItselfIsNotDiverted() async throws {
        let pair = try await connected()
        var illegal = Message("b")
        illegal.priority = 11
        let messages = [Message("a"), illegal]
        let failure = await #expect(throws: PublishFailure.self) {
            try await pair.broker.publish(messages, to: queue)
        }
        #expect(failure?.outcomes.keys.sorted() == [1])
        #expect(failure?.first.code == .invalidArgument)
        #expect(try await pair.waiting(queue) == [1, 0] && pair.broker.divertedCount == 0)
    }

    @Test func anUnknownOutcomeIsNotRepeatedOnTheSecond() async throws {
        let (first, second) = (InMemoryServer(), InMemoryServer())
        let faulty = FaultyBroker(InMemoryBroker(first), FaultPlan(seed: 1, [.confirmLost: 1]))
        let broker = FailoverBroker(faulty, fallback: InMemoryBroker(second)) { _ in }
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        let failure = await #expect(throws: PublishFailure.self) { try await broker.publish(Message("a"), to: queue) }
        guard case .unknown = failure?.outcomes[0] else {
            Issue.record("it is not unknown")
            return
        }
        #expect(try await broker.topology?.depth(of: queue, group: nil).waiting == 1)
        #expect(broker.divertedCount == 0)
    }

    @Test func aFirstThatIsThereAndRefusesEverythingIsOneChangeWhateverTheNumberOfMessages() async throws {
        let changes = Recorder<FailoverBroker.Use>()
        let refusing = FaultyBroker(InMemoryBroker(InMemoryServer()), FaultPlan(seed: 1, [.publishFails: 1]))
        let broker = FailoverBroker(refusing, fallback: InMemoryBroker(InMemoryServer())) { changes.add($0) }
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        for _ in 0..<5 { try await broker.publish(Message("a"), to: queue) }
        #expect(broker.divertedCount == 5 && broker.fallbackCount == 1)
        #expect(changes.count == 1 && broker.use != .primary)
    }

    @Test func aFirstThatIsBackIsInUseBeforeAnythingIsPublished() async throws {
        let pair = try await connected()
        pair.first.kill()
        #expect(await pair.broker.health().state == .degraded)
        pair.first.start()
        #expect(pair.broker.use == .primary)
        #expect(await pair.broker.health().state == .connected)
    }

    @Test func aPublishDuringADeclarationIsNotDiverted() async throws {
        let slow = SlowToDeclare(InMemoryBroker(InMemoryServer()))
        let broker = FailoverBroker(slow, fallback: InMemoryBroker(InMemoryServer())) { _ in }
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        slow.gate.change { $0 = false }
        let other = Destination.queue("other")
        async let declared: Void = broker.declare([DestinationDeclaration(other)])
        _ = await slow.declared.first(within: .seconds(30)) { $0 == 2 }
        let published = Task.immediate { [queue] in try await broker.publish(Message("a"), to: queue) }
        slow.gate.change { $0 = true }
        try await declared
        _ = try await published.value
        #expect(broker.divertedCount == 0 && broker.use == .primary)
    }

    @Test func aDeclarationThatIsCancelledCancelsNoPublishThatWaitsForIt() async throws {
        let slow = SlowToDeclare(InMemoryBroker(InMemoryServer()))
        let broker = FailoverBroker(slow, fallback: InMemoryBroker(InMemoryServer())) { _ in }
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        slow.gate.change { $0 = false }
        let declared = Task { try await broker.declare([DestinationDeclaration(.queue("other"))]) }
        _ = await slow.declared.first(within: .seconds(30)) { $0 == 2 }
        let published = Task.immediate { [queue] in try await broker.publish(Message("a"), to: queue) }
        declared.cancel()
        await #expect(throws: BrokerError.self) { try await declared.value }
        slow.gate.change { $0 = true }
        await #expect(throws: Never.self) { _ = try await published.value }
        #expect(broker.divertedCount == 0)
    }

    @Test func aGroupThatBeginsAtAPositionBeginsAtTheFirstMessageOfTheSecond() async throws {
        let pair = try await connected()
        let log = Destination.stream("log")
        try await pair.broker.declare([DestinationDeclaration(log)])
        var positions: [Position] = []
        let options = PublishOptions(positions: true)
        for body in ["a", "b"] as [Body] {
            positions += try await pair.broker.publish(Message(body), to: log, options: options).positions
        }
        pair.first.kill()
        try await pair.broker.publish(Message("c"), to: log)
        pair.first.start()
        var declaration = DestinationDeclaration(log)
        declaration.groups["late"] = .init(start: .position(try #require(positions.last)))
        try await pair.broker.declare([declaration])
        let consumer = try await pair.broker.subscribe(Subscription(log, group: "late"))
        #expect(Set(try await take(2, from: consumer).map(\.message.body)) == ["b", "c"])
    }

    @Test func aPermissionThatIsGoneAtTheFirstEndsTheConsumer() async throws {
        let pair = try await connected()
        let consumer = try await pair.broker.subscribe(Subscription(queue))
        pair.first.forbidReceiving(from: queue)
        let error = await #expect(throws: BrokerError.self) {
            while true { _ = try await consumer.receive(upTo: 1, within: .seconds(5)) }
        }
        #expect(error?.endReason == .unauthorized)
        let refusal = await #expect(throws: BrokerError.self) { try await pair.broker.subscribe(Subscription(queue)) }
        #expect(refusal?.code == .unauthorized)
    }

    @Test func aPermissionThatIsGoneAtTheSecondIsReportedAndTheFirstGoesOn() async throws {
        let pair = try await connected()
        let consumer = try await pair.broker.subscribe(Subscription(queue))
        #expect(try await consumer.receive(upTo: 1, within: .milliseconds(1)).isEmpty)
        pair.second.forbidReceiving(from: queue)
        try await pair.broker.publish(Message("a"), to: queue)
        #expect(try await take(1, from: consumer).map(\.message.body) == ["a"])
        #expect(pair.events.all.contains { if case .ended = $0 { true } else { false } })
        let refusal = await #expect(throws: BrokerError.self) { try await pair.broker.subscribe(Subscription(queue)) }
        #expect(refusal?.code == .unauthorized)
    }

    @Test func aClosedPairConnectsNoMore() async throws {
        let pair = try await connected()
        await pair.broker.close(within: .zero)
        let error = await #expect(throws: BrokerError.self) { try await pair.connect() }
        #expect(error?.endReason == .closed)
    }

    @Test func aFullFirstHasTheWholeTimeToMakeRoom() async throws {
        let pair = Pair()
        try await pair.connect()
        var small = DestinationDeclaration(queue)
        small.maximumMessages = 1
        try await pair.broker.declare([small])
        try await pair.broker.publish(Message("a"), to: queue)
        let begin = ContinuousClock.now
        let failure = await #expect(throws: PublishFailure.self) {
            try await pair.broker.publish(
                Message("b"), to: queue, options: PublishOptions(deadline: .milliseconds(200)))
        }
        #expect(failure?.outcomes.count == 1 && ContinuousClock.now - begin >= .milliseconds(200))
        #expect(pair.broker.divertedCount == 0)
    }

    @Test func powersAndLimitsAreThoseOfBoth() async throws {
        let small = BrokerProfile(
            type: .inMemory, scheme: "memory", options: BrokerProfile.inMemory.options,
            capabilities: BrokerProfile.inMemory.capabilities,
            limits: BrokerProfile.inMemory.limits.with { $0.maximumBodyBytes = 10 })
        let pair = Pair(on: SystemTime.shared, small)
        #expect(pair.broker.limits.maximumBodyBytes == 10)
        try await pair.connect()
        try await pair.broker.declare([DestinationDeclaration(queue)])
        try await pair.broker.publish(Message("a"), to: queue)
        pair.first.kill()
        try await pair.broker.publish(Message("b"), to: queue)
        pair.first.start()
        #expect(try await pair.broker.topology?.depth(of: queue, group: nil).waiting == 2)
        #expect(try await pair.broker.topology?.purge(queue) == 2)
        #expect(pair.broker.replay != nil)
        await pair.broker.close(within: .seconds(1))
        let failure = await #expect(throws: PublishFailure.self) {
            try await pair.broker.publish(Message("c"), to: queue)
        }
        #expect(failure?.first.code == .ended)
    }
}

/// A broker whose declarations wait for a gate.
private final class SlowToDeclare: BrokerDecorator {
    let base: any MessageBroker
    let gate = Observed(true)
    let declared = Observed(0)

    init(_ base: any MessageBroker) { self.base = base }

    func declare(_ declarations: [DestinationDeclaration]) async throws(BrokerError) {
        declared.change { $0 += 1 }
        if await gate.first(within: .seconds(30), where: { $0 }) == nil { throw BrokerError(.cancelled, "cancelled") }
        try await base.declare(declarations)
    }
}
