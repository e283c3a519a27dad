import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

@Suite("A broker that goes wrong by a plan") struct FaultyBrokerTests {
    private let queue = Destination.queue("work")

    /// A broker of this plan, connected, with a queue; and what it reports.
    private func broker(
        _ plan: FaultPlan, on time: any TimeSource = SystemTime.shared
    ) async throws -> (FaultyBroker, Observed<[BrokerEvent]>) {
        let broker = FaultyBroker(InMemoryBroker(InMemoryServer(time: time)), plan, on: time)
        let events = Observed<[BrokerEvent]>([])
        try await broker.connect { event in events.change { $0.append(event) } }
        try await broker.declare([DestinationDeclaration(queue)])
        return (broker, events)
    }

    private func waiting(_ broker: FaultyBroker) async throws -> Int? {
        try await broker.topology?.depth(of: queue, group: nil).waiting
    }

    @Test func aFailedPublishIsNotThere() async throws {
        let (broker, _) = try await broker(FaultPlan(seed: 1, [.publishFails: 1]))
        let failure = await #expect(throws: PublishFailure.self) {
            try await broker.publish([Message("a"), Message("b")], to: queue)
        }
        #expect(failure?.outcomes.count == 2)
        guard case .refused(let error) = failure?.outcomes[1] else {
            Issue.record("it was not refused")
            return
        }
        #expect(error.code == .unavailable && error.isRetryable)
        #expect(error.sentence.contains("seed 1"))
        #expect(try await waiting(broker) == 0)
    }

    @Test func aLostConfirmationIsUnknownAndTheMessageIsThere() async throws {
        let (broker, _) = try await broker(FaultPlan(seed: 1, [.confirmLost: 1]))
        let failure = await #expect(throws: PublishFailure.self) { try await broker.publish(Message("a"), to: queue) }
        guard case .unknown(let error) = failure?.outcomes[0] else {
            Issue.record("it is not unknown")
            return
        }
        #expect(error.code == .timeout)
        #expect(try await waiting(broker) == 1)
    }

    @Test func aSlowReceiveBeginsLater() async throws {
        let plan = FaultPlan(seed: 1, [.slowReceive: 1], slowness: .milliseconds(40))
        let (broker, _) = try await broker(plan)
        try await broker.publish(Message("a"), to: queue)
        let consumer = try await broker.subscribe(Subscription(queue))
        let began = ContinuousClock.now
        #expect(try await consumer.receive(upTo: 1, within: .seconds(5)).count == 1)
        #expect(ContinuousClock.now - began >= .milliseconds(40))
    }

    @Test func aDuplicateIsWhatWasAcceptedAndComesAgain() async throws {
        let (broker, _) = try await broker(FaultPlan(seed: 1, [.duplicateDelivery: 1]))
        let message = Message("a")
        try await broker.publish(message, to: queue)
        let consumer = try await broker.subscribe(Subscription(queue))
        for _ in 0..<3 {
            let delivery = try #require(try await consumer.receive(upTo: 1, within: .seconds(5)).first)
            #expect(delivery.message.id == message.id && delivery.attempt == 1)
            #expect(await consumer.settle(delivery.receipt, as: .accept) == .settled)
            #expect(await consumer.settle(delivery.receipt, as: .accept) == .stale)
        }
    }

    @Test func aFailedSettlementHasDoneNothing() async throws {
        let (broker, _) = try await broker(FaultPlan(seed: 1, [.settleFails: 1]))
        try await broker.publish(Message("a"), to: queue)
        let consumer = try await broker.subscribe(Subscription(queue))
        let delivery = try #require(try await consumer.receive(upTo: 1, within: .seconds(5)).first)
        guard case .failed(let error) = await consumer.settle(delivery.receipt, as: .accept) else {
            Issue.record("it did not fail")
            return
        }
        #expect(error.code == .brokerFailure)
        #expect(consumer.holds(delivery.receipt))
        await consumer.cancel()
        #expect(try await waiting(broker) == 1)
    }

    @Test func aDisconnectionLetsGoOfWhatIsHeldAndIsReported() async throws {
        let time = VirtualTime()
        let plan = FaultPlan(seed: 1, [.disconnect: 1], outage: .seconds(3))
        let (broker, events) = try await broker(plan, on: time)
        try await broker.base.publish(Message("a"), to: queue)
        let consumer = try await broker.subscribe(Subscription(queue))
        let held = try #require(try await consumer.receive(upTo: 1, within: .zero).first)
        #expect(consumer.holds(held.receipt))
        let failure = await #expect(throws: PublishFailure.self) { try await broker.publish(Message("b"), to: queue) }
        #expect(failure?.first.code == .notConnected)
        #expect(!consumer.holds(held.receipt))
        #expect(await consumer.settle(held.receipt, as: .accept) == .stale)
        #expect(try await waiting(broker) == 1)
        async let again = consumer.receive(upTo: 1, within: .seconds(60))
        #expect(await time.waits(forAlarms: 2, within: .seconds(60)))
        time.advance(by: .seconds(3))
        let delivery = try #require(try await again.first)
        #expect(delivery.message.id == held.message.id && delivery.receipt != held.receipt)
        #expect(await consumer.settle(delivery.receipt, as: .accept) == .settled)
        #expect(events.value.count == 3)
        #expect(events.value.first == .up && events.value.last == .up)
        await consumer.cancel()
        let ended = await #expect(throws: BrokerError.self) { try await consumer.receive(upTo: 1, within: .zero) }
        #expect(ended?.code == .ended)
    }

    @Test func aClosedBrokerReportsNothingAnyMore() async throws {
        let time = VirtualTime()
        let (broker, events) = try await broker(FaultPlan(seed: 1, [.disconnect: 1], outage: .seconds(3)), on: time)
        await #expect(throws: PublishFailure.self) { try await broker.publish(Message("a"), to: queue) }
        await broker.close(within: .zero)
        let count = events.value.count
        time.advance(by: .seconds(60))
        #expect(events.value.count == count && events.value.last != .up)
    }

    /// Publishes, receives and settles, one after the other, and writes down every answer.
    private func run(_ plan: FaultPlan) async throws -> (answers: [String], strikes: [FaultyBroker.Strike]) {
        let time = VirtualTime()
        let (broker, _) = try await broker(plan, on: time)
        let consumer = try await broker.subscribe(Subscription(queue))
        var answers: [String] = []
        for _ in 0..<60 {
            do {
                try await broker.publish(Message("a"), to: queue)
                answers.append("confirmed")
            } catch { answers.append("\(error.first.code)") }
            time.advance(by: .seconds(1))
            for delivery in try await consumer.receive(upTo: 2, within: .zero) {
                let outcome = await consumer.settle(delivery.receipt, as: .accept)
                answers.append("attempt \(delivery.attempt): \(outcome)")
            }
        }
        return (answers, broker.strikes)
    }

    @Test("the same seed gives the same run", arguments: 1...8 as ClosedRange<UInt64>)
    func sameSeedSameRun(_ seed: UInt64) async throws {
        var plan = FaultPlan.everything(seed: seed, share: 0.15)
        plan.slowness = .zero
        let (first, second) = (try await run(plan), try await run(plan))
        #expect(first.answers == second.answers, "\(plan)")
        #expect(first.strikes == second.strikes, "\(plan)")
        #expect(!first.strikes.isEmpty)
        for fault in FaultPlan.Fault.allCases {
            let struck = first.strikes.filter { $0.fault == fault }.map(\.call)
            let end = struck.max().map { $0 + 1 } ?? 0
            #expect(struck == plan.schedule(of: fault, first: end), "\(plan): \(fault)")
        }
        plan.seed += 100
        #expect(try await run(plan).strikes != first.strikes)
    }
}
