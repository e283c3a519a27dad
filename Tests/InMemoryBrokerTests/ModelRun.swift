import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// One random run on one destination, and what must be true of each message.
final class ModelRun {
    private enum Fate { case waits, held, accepted }

    private struct Sent {
        let step: Int
        let key: String?
        var attempt: Int32 = 1
        var fate = Fate.waits
    }

    private let seed: Int
    private let bench: Bench
    private let destination: Destination
    private let isOrdered: Bool
    private var random: SeededGenerator
    private var sent: [String: Sent] = [:]
    private var consumers: [any MessageConsumer] = []
    private var held: [(consumer: Int, delivery: Delivery)] = []
    private var stale: [(consumer: Int, delivery: Delivery)] = []

    init(seed: Int) async throws {
        self.seed = seed
        random = SeededGenerator(seed: UInt64(seed))
        bench = try await Bench(maximumMessages: 50)
        destination = seed % 2 == 0 ? .queue("q") : .stream("q")
        isOrdered = seed % 3 == 0
        try await bench.declare(destination) { declaration in
            if let group { declaration.groups = [group: .init()] }
            declaration.order = isOrdered ? .perKey : .none
            // A fifth of the runs goes the short way of queues without priorities.
            if hasPriorities { declaration.maximumPriority = 10 }
        }
    }

    private var group: GroupName? { destination.kind == .stream ? "g" : nil }
    private var isQueue: Bool { destination.kind == .queue }
    private var hasPriorities: Bool { isQueue && !isOrdered && seed % 5 != 0 }

    func step(_ step: Int) async throws {
        switch Int.random(in: 0..<12, using: &random) {
        case 0...3: await publish(step)
        case 4 where consumers.count < 4:
            consumers.append(try await bench.consumer(destination, group: group, window: 5))
        case 5...6:
            guard let index = consumers.indices.randomElement(using: &random) else { return }
            held += try await receive(consumers[index]).map { (index, $0) }
        case 7...9: await settle()
        case 10: bench.time.advance(by: .seconds(1))
        default: await crash()
        }
    }

    /// Everything that is left is received and accepted.
    func end() async throws {
        for consumer in consumers { await consumer.cancel() }
        for (_, delivery) in held { change(delivery) { $0.fate = .waits } }
        bench.time.advance(by: .seconds(10))
        let last = try await bench.consumer(destination, group: group)
        while true {
            let deliveries = try await receive(last)
            if deliveries.isEmpty { break }
            for delivery in deliveries {
                #expect(await last.settle(delivery.receipt, as: .accept) == .settled)
                change(delivery) { $0.fate = .accepted }
            }
        }
        #expect(sent.values.allSatisfy { $0.fate == .accepted }, "seed \(seed)")
    }

    private func publish(_ step: Int) async {
        let key = ["a", "b", nil].randomElement(using: &random) ?? nil
        let priority = hasPriorities ? UInt8.random(in: 0...10, using: &random) : 0
        let isDelayed = isQueue && !isOrdered && Int.random(in: 0..<8, using: &random) == 0
        let error = await failure {
            try await bench.publish(["\(step)"], to: destination) {
                $0.key = key
                $0.priority = priority
                if isDelayed { $0.notBefore = bench.time.now + .seconds(3) }
            }
        }
        if error == nil { sent["\(step)"] = Sent(step: step, key: key) }
        #expect(error == nil || error?.code == .resourceExhausted)
    }

    private func receive(_ consumer: any MessageConsumer) async throws -> [Delivery] {
        let deliveries = try await consumer.take(3)
        for delivery in deliveries {
            guard let this = sent[delivery.message.body.text ?? ""] else {
                Issue.record("seed \(seed): nobody has sent \(delivery.message.body.text ?? "")")
                continue
            }
            #expect(this.fate == .waits, "seed \(seed): step \(this.step) came though it is \(this.fate)")
            #expect(this.attempt == delivery.attempt, "seed \(seed): attempt of step \(this.step)")
            if isOrdered {
                let overtaken = sent.values.filter { $0.fate == .waits && $0.key == this.key && $0.step < this.step }
                #expect(overtaken.isEmpty, "seed \(seed): step \(this.step) overtook \(overtaken.map(\.step))")
            }
            change(delivery) { $0.fate = .held }
        }
        return deliveries
    }

    private func settle() async {
        if let (consumer, delivery) = stale.popLast() {
            #expect(await consumers[consumer].settle(delivery.receipt, as: .accept) == .stale, "seed \(seed)")
        }
        guard let pick = held.indices.randomElement(using: &random) else { return }
        let (consumer, delivery) = held[pick]
        let choice = Int.random(in: 0..<4, using: &random)
        let settlement: Settlement =
            switch choice {
            case 0: .release
            case 1: .retry(after: .seconds(1), failure: nil)
            default: .accept
            }
        let outcome = await consumers[consumer].settle(delivery.receipt, as: settlement)
        if isOrdered, choice == 1 {
            #expect({ if case .failed = outcome { true } else { false } }(), "seed \(seed): put off, though ordered")
            return
        }
        #expect(outcome == .settled, "seed \(seed)")
        held.remove(at: pick)
        change(delivery) { this in
            this.fate = choice < 2 ? .waits : .accepted
            if choice == 1 { this.attempt += 1 }
        }
    }

    private func crash() async {
        guard Int.random(in: 0..<4, using: &random) == 0 else { return }
        bench.server.kill()
        bench.server.start()
        for (_, delivery) in held {
            change(delivery) { this in
                this.fate = .waits
                this.attempt += 1
            }
        }
        stale += held
        held = []
    }

    private func change(_ delivery: Delivery, _ edit: (inout Sent) -> Void) {
        edit(&sent[delivery.message.body.text ?? "", default: Sent(step: -1, key: nil)])
    }
}
