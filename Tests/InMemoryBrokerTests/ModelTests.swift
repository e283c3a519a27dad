import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Random runs, by seed, against what must always hold: every message is accepted once, or is still there; its attempt
/// counts its retries and its crashes; and where order is kept nothing overtakes what waits with the same key.
@Suite struct ModelTests {
    @Test(arguments: 0..<60) func nothingIsLostOrAcceptedTwice(seed: Int) async throws {
        let run = try await ModelRun(seed: seed)
        for step in 0..<400 { try await run.step(step) }
        try await run.end()
    }

    @Test func manyTasksPublishAndSettleAtOnce() async throws {
        let server = InMemoryServer(maximumMessages: 64)
        let broker = InMemoryBroker(server)
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(.queue("q"))])
        let handled = try await withThrowingTaskGroup(of: [String].self) { group in
            for publisher in 0..<4 {
                group.addTask {
                    for number in 0..<500 {
                        try await broker.publish(Message(Body("\(publisher).\(number)")), to: .queue("q"))
                    }
                    return []
                }
            }
            for _ in 0..<4 {
                let consumer = try await broker.subscribe(Subscription(.queue("q"), window: 16))
                group.addTask {
                    var bodies: [String] = []
                    while true {
                        let deliveries = try await consumer.receive(upTo: 8, within: .seconds(1))
                        if deliveries.isEmpty { return bodies }
                        for delivery in deliveries
                        where await consumer.settle(delivery.receipt, as: .accept) == .settled {
                            bodies.append(delivery.message.body.text ?? "")
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(handled.count == 2000)
        #expect(Set(handled).count == 2000)
    }
}
