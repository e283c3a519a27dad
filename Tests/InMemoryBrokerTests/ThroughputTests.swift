import InMemoryBroker
import Messaging
import Testing

/// The promised rate of 100,000 a second is that of a release build: `scripts/bench-seam check` holds it to that. Without
/// optimisation a third of it must do here, and a tenth of that where every access is watched.
@Suite(.serialized) struct ThroughputTests {
    @Test("S3-92 S4-67 the in-memory broker moves over 100,000 messages a second, a third of it without optimisation")
    func movesAHundredThousandMessagesASecondOrAThirdWithoutOptimisation() async throws {
        // Tests run beside others on few cores, so the best of several tries counts.
        #if THREAD_SANITIZER
            let goal = 3_300.0
        #elseif DEBUG
            let goal = 33_000.0
        #else
            let goal = 100_000.0
        #endif
        var best = 0.0
        for _ in 0..<10 where best < goal { best = max(best, try await rate(of: 20_000)) }
        print("in memory, in batches of 100: \(Int(best)) messages a second")
        #expect(best >= goal)
    }

    /// Messages a second, published, received and settled in batches of 100.
    private func rate(of count: Int) async throws -> Double {
        let broker = InMemoryBroker()
        let queue = Destination.queue("orders")
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        let consumer = try await broker.subscribe(Subscription(queue))
        let batch = Array(repeating: Message(Body([UInt8](repeating: 7, count: 256))), count: 100)
        let start = ContinuousClock.now
        var settled = 0
        while settled < count {
            try await broker.publish(batch, to: queue)
            let deliveries = try await consumer.receive(upTo: 100, within: .seconds(10))
            settled += await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) }).count
        }
        await broker.close(within: .seconds(1))
        return Double(settled) / ((ContinuousClock.now - start) / .seconds(1))
    }
}
