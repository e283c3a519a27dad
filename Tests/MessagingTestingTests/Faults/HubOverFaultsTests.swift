import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("The hub over a broker that goes wrong") struct HubOverFaultsTests {
    /// What became of the messages of a run.
    private struct Account: Sendable {
        var sent: Set<MessageID> = []
        var refused: Set<MessageID> = []
        var handled: [MessageID] = []
        var dead: [MessageID] = []

        var lost: Set<MessageID> { sent.subtracting(handled).subtracting(dead) }
        /// Messages handled or dead-lettered more often than once.
        var duplicates: Int { handled.count + dead.count - Set(handled + dead).count }
        var strangers: Set<MessageID> { Set(handled + dead).subtracting(sent).subtracting(refused) }
    }

    @Test("sent = handled + dead-lettered, nothing is lost", arguments: 1...20 as ClosedRange<UInt64>)
    func losesNothing(_ seed: UInt64) async throws {
        let plan = FaultPlan.everything(seed: seed, share: 0.1)
        let time = VirtualTime()
        let server = InMemoryServer(time: time)
        let broker = FaultyBroker(InMemoryBroker(server), plan, on: time)
        let account = Observed(Account())
        let clock = Task {
            while !Task.isCancelled {
                try? await SystemTime.shared.sleep(for: .milliseconds(1))
                time.advance(by: .milliseconds(40))
            }
        }
        defer { clock.cancel() }
        try await SystemTime.shared.bounded("\(plan): a run", within: .seconds(120)) {
            try await run(over: broker, server, time, account)
        }
        let result = account.value
        #expect(result.sent.count + result.refused.count == 60, "\(plan)")
        #expect(result.lost.isEmpty, "\(plan): \(result.lost.count) of \(result.sent.count) are lost")
        #expect(result.strangers.isEmpty, "\(plan)")
        let doubts = broker.strikes.count { [.confirmLost, .duplicateDelivery, .disconnect].contains($0.fault) }
        #expect(result.duplicates <= doubts * 8, "\(plan): \(result.duplicates) duplicates of \(doubts) faults")
        #expect(!result.dead.isEmpty && !broker.strikes.isEmpty)
    }

    /// Publishes 60 messages through a hub, of which every seventh can never be handled and every fifth not at first.
    private func run(
        over broker: FaultyBroker, _ server: InMemoryServer, _ time: VirtualTime, _ account: Observed<Account>
    ) async throws {
        let handler = RecordingHandler(on: time) { run in
            let number = Int(run.message.type) ?? 0
            if number % 7 == 0 || (number % 5 == 0 && run.attempt == 1) { throw Failing() }
            account.change { $0.handled.append(run.message.id) }
        }
        var route = RouteConfiguration(TopicPattern("work"), to: "main", as: .queue)
        route.retry = RetryPolicy(attempts: 3, backoff: .constant, delay: .milliseconds(100))
        route.window = 8
        let factory = BrokerFactory(.inMemory) { (_, _, _) throws(BrokerError) -> any MessageBroker in broker }
        let configuration = HubConfiguration(brokers: ["main": .init(.inMemory)], routes: ["work": route])
        let environment = HubEnvironment(time: time, log: nil)
        try await withHub(configuration, brokers: [factory], environment: environment) { hub in
            try await hub.subscribe(to: "work", handler.handle)
            for number in 0..<60 {
                let message = Message(type: "\(number)")
                do {
                    try await hub.publish(message, to: "work")
                    account.change { _ = $0.sent.insert(message.id) }
                } catch { account.change { _ = $0.refused.insert(message.id) } }
            }
            try await collectDeadLetters(of: server, account)
        }
    }

    /// Reads dead letters until every message that was sent is handled or dead, or for 60 s of the machine's time.
    private func collectDeadLetters(of server: InMemoryServer, _ account: Observed<Account>) async throws {
        let reader = InMemoryBroker(server)
        try await reader.connect { _ in }
        let consumer = try await reader.subscribe(Subscription(.queue("work.dead")))
        let end = ContinuousClock.now + .seconds(60)
        while !account.value.lost.isEmpty, ContinuousClock.now < end {
            for delivery in try await consumer.receive(upTo: 16, within: .milliseconds(100)) {
                account.change { $0.dead.append(delivery.message.id) }
                _ = await consumer.settle(delivery.receipt, as: .accept)
            }
        }
        await reader.close(within: .zero)
    }

    private struct Failing: Error {}
}
