import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Random runs, by seed, against what must always hold: every message is accepted once, or is still there.
@Suite struct ModelTests {
    @Test(arguments: 0..<40) func nothingIsLostOrAcceptedTwice(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let bench = try await Bench(maximumMessages: 50)
        let destination: Destination = seed % 2 == 0 ? .queue("q") : .stream("q")
        let group: GroupName? = destination.kind == .stream ? "g" : nil
        try await bench.declare(destination) {
            if let group { $0.groups = [group: .init()] }
            $0.order = seed % 3 == 0 ? .perKey : .none
            if group == nil { $0.maximumPriority = 10 }
        }
        var (sent, accepted): (Set<String>, [String: Int]) = ([], [:])
        var consumers: [any MessageConsumer] = []
        var held: [(Int, Delivery)] = []
        for step in 0..<400 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0...3:
                let priority = group == nil ? UInt8.random(in: 0...10, using: &random) : 0
                let delay = Int.random(in: 0..<8, using: &random) == 0 && group == nil
                let error = await failure {
                    try await bench.publish(["\(step)"], to: destination) {
                        $0.priority = priority
                        if delay { $0.notBefore = bench.time.now + .seconds(3) }
                    }
                }
                if error == nil { sent.insert("\(step)") } else { #expect(error?.code == .resourceExhausted) }
            case 4 where consumers.count < 4:
                consumers.append(try await bench.consumer(destination, group: group, window: 5))
            case 5...6:
                guard let index = consumers.indices.randomElement(using: &random) else { continue }
                held += try await consumers[index].take(3).map { (index, $0) }
            case 7...9:
                guard let pick = held.indices.randomElement(using: &random) else { continue }
                let (index, delivery) = held.remove(at: pick)
                let settlement: Settlement =
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: .release
                    case 1: .retry(after: .seconds(1), failure: nil)
                    default: .accept
                    }
                let outcome = await consumers[index].settle(delivery.receipt, as: settlement)
                if case .accept = settlement, outcome == .settled {
                    accepted[delivery.message.body.text ?? "", default: 0] += 1
                }
            case 10:
                bench.time.advance(by: .seconds(1))
            default:
                guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
                bench.server.kill()
                bench.server.start()
            }
        }
        for consumer in consumers { await consumer.cancel() }
        bench.time.advance(by: .seconds(10))
        for body in try await bench.consumer(destination, group: group).drain() { accepted[body, default: 0] += 1 }
        #expect(Set(accepted.keys) == sent, "seed \(seed)")
        #expect(accepted.values.allSatisfy { $0 == 1 }, "seed \(seed)")
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
