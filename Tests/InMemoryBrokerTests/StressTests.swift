import InMemoryBroker
import Messaging
import MessagingTesting
import Synchronization
import Testing

/// Everything at once, on many threads: nothing that was confirmed is lost, doubled, reordered or stuck.
@Suite(.serialized, .timeLimit(.minutes(5))) struct StressTests {
    @Test(arguments: 0..<6) func whatIsSentIsHandledOnceWhateverHappensMeanwhile(seed: Int) async throws {
        let run = StressRun(seed: seed)
        try await run.go()
        #expect(run.problems.isEmpty, "seed \(seed): \(run.problems.prefix(5))")
        #expect(run.sent > 1000, "seed \(seed)")
    }

    @Test(arguments: [1, 2]) func nothingIsMissedByOneThatIsAboutToWait(consumers: Int) async throws {
        let broker = InMemoryBroker()
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(.queue("orders"))])
        let handled = Count()
        let sent = await withTaskGroup(of: Void.self) { group in
            for _ in 0..<consumers {
                group.addTask {
                    guard let consumer = try? await broker.subscribe(Subscription(.queue("orders"))) else { return }
                    while let deliveries = try? await consumer.receive(upTo: 8, within: .seconds(60)) {
                        for delivery in deliveries { _ = await consumer.settle(delivery.receipt, as: .accept) }
                        handled.add(deliveries.count)
                    }
                }
            }
            var sent = 0
            let end = SystemTime.shared.uptime + .seconds(30)
            // The next is sent when the last was handled: just when its consumer comes back to wait.
            while sent < 10_000, SystemTime.shared.uptime < end {
                guard (try? await broker.publish(Message("x"), to: .queue("orders"))) != nil else { break }
                sent += 1
                while handled.value < sent, SystemTime.shared.uptime < end { await Task.yield() }
            }
            group.cancelAll()
            return sent
        }
        #expect(handled.value == sent)
    }
}

/// A number that several tasks add to.
private final class Count: Sendable {
    private let atomic = Atomic(0)
    var value: Int { atomic.load(ordering: .acquiring) }
    func add(_ count: Int) { atomic.add(count, ordering: .acquiringAndReleasing) }
}
