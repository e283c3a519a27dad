import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// A test of an application that a seed makes up: what is published, what its handlers do with it, when time moves and
/// who listens. After each step the counts of the test hub are compared with those of its brokers.
struct SeededTestRun {
    struct Broken: Error {}

    private static let fates = [
        "ok", "ok", "yield", "sleep", "fail 1", "fail 2", "fail 9", "reject", "send", "pass on",
    ]
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    private static let configuration = Result {
        try HubConfiguration.load(
            text: """
                brokers: { main: { type: inmemory }, other: { type: inmemory } }
                routes:
                  jobs: { topic: jobs, kind: queue, broker: main, retry: { attempts: 3, delay: 1s, jitter: 0.5 } }
                  tail: { topic: tail, kind: queue, broker: other }
                  log:
                    topic: log
                    kind: stream
                    broker: main
                    retry: { attempts: 3, delay: 1s }
                    groups: { a: {}, b: {} }
                """, environment: [:], profiles: [.inMemory])
    }

    /// What each run of a handler was, in their order.
    func trace() async throws -> [String] {
        try await withTestHub(try Self.configuration.get(), brokers: [.inMemory()]) { test in
            var draw = SeededGenerator(seed: seed)
            var (subscriptions, count): ([Topic: [HubSubscription]], Int) = ([:], 0)
            for _ in 0..<15 {
                let topic: Topic = Bool.random(using: &draw) ? "jobs" : "log"
                switch Int.random(in: 0..<8, using: &draw) {
                case 0..<4:
                    let messages = (0..<Int.random(in: 1...5, using: &draw)).map { _ in
                        count += 1
                        return Message(Body("\(count) \(Self.fates.randomElement(using: &draw) ?? "ok")"))
                    }
                    try await test.publish(messages, to: topic)
                case 4, 5: try await test.advance(by: .milliseconds(Int.random(in: 0...2500, using: &draw)))
                default:
                    if let old = subscriptions[topic] {
                        if test.unsettledCount > 0 { continue }
                        for subscription in old { await subscription.cancel() }
                        subscriptions[topic] = nil
                    } else {
                        subscriptions[topic] = try await subscribe(to: topic, test)
                    }
                    try await test.settled()
                }
                try await requireBalance(test, subscriptions)
            }
            for topic: Topic in ["jobs", "log", "tail"] where subscriptions[topic] == nil {
                subscriptions[topic] = try await subscribe(to: topic, test)
            }
            try await test.advance(by: .seconds(60))
            try await requireBalance(test, subscriptions)
            try requireEnd(test)
            return ["jobs", "log", "tail"].flatMap { (topic: Topic) in
                test.topic(topic).runs.map { run in
                    let text = run.message.body.text ?? ""
                    return "\(topic) \(run.group?.name ?? "") \(text) \(run.attempt) \(run.time) \(run.outcome)"
                }
            }
        }
    }

    private func subscribe(to topic: Topic, _ test: TestHub) async throws -> [HubSubscription] {
        let (hub, time) = (test.hub, test.time)
        let handler: @Sendable (Delivery) async throws -> Void = { delivery in
            let words = (delivery.message.body.text ?? "").split(separator: " ")
            switch words.dropFirst().first {
            case "yield": for _ in 0..<10 { await Task.yield() }
            case "sleep": try await time.sleep(for: .milliseconds(700))
            case "fail": if delivery.attempt <= Int(words.last ?? "") ?? 0 { throw Broken() }
            case "reject": throw Reject("planned")
            case "send": try await hub.publish(Message(delivery.message.body), to: "tail")
            default: break
            }
        }
        if topic == "tail" { return [try await hub.subscribe(to: topic) { _ in }] }
        if topic == "log" {
            let first = try await hub.subscribe(to: topic, group: "a", concurrency: 16, handler)
            return [first, try await hub.subscribe(to: topic, group: "b", concurrency: 16, handler)]
        }
        return [
            try await hub.subscribe(forwardingFrom: topic, concurrency: 16) { delivery in
                try await handler(delivery)
                let isPassedOn = delivery.message.body.text?.hasSuffix("pass on") == true
                return isPassedOn ? [ForwardedMessage(Message(delivery.message.body), to: "tail")] : []
            }
        ]
    }

    /// Counted while a handler has it, whether it waits for the clock or not; else in the broker, and waiting for a delay
    /// or for somebody to listen.
    private func requireBalance(_ test: TestHub, _ subscriptions: [Topic: [HubSubscription]]) async throws {
        let records = ["jobs", "log", "tail"].map { test.topic($0) }
        let running = records.flatMap(\.runs).count { $0.outcome == .running }
        #expect(test.unsettledCount == running, "seed \(seed)")
        for (record, broker) in [(records[0], "main"), (records[2], "other")] as [(TopicRecord, BrokerName)] {
            guard let topology = test.hub.broker(broker)?.topology, !record.published.isEmpty else { continue }
            let depth = try await topology.depth(of: .queue(record.topic), group: nil)
            let held = record.runs.count { $0.outcome == .running }
            let ended = record.handled.count + record.deadLettered.count
            #expect(depth.held == held, "seed \(seed), \(record.topic)")
            #expect(depth.waiting + held + ended == record.published.count, "seed \(seed), \(record.topic)")
            if subscriptions[record.topic] != nil {
                let newest = Dictionary(record.runs.map { ($0.message.id, $0.outcome) }) { $1 }
                let delayed = newest.values.count { if case .retried = $0 { true } else { false } }
                #expect(depth.waiting == delayed, "seed \(seed), \(record.topic)")
            }
        }
    }

    private func requireEnd(_ test: TestHub) throws {
        for (topic, groups) in [("jobs", 1), ("log", 2), ("tail", 1)] as [(Topic, Int)] {
            let record = test.topic(topic)
            let ended = record.handled.count + record.deadLettered.count
            #expect(ended == groups * record.published.count, "seed \(seed), \(topic)")
            let sent = record.handled.count { $0.message.body.text?.hasSuffix("send") == true }
            if topic == "tail" { continue }
            #expect(sent == record.runs.count { $0.message.body.text?.hasSuffix("send") == true }, "seed \(seed)")
        }
    }
}

@Suite("What a test hub counts balances")
struct TestHubBalanceTests {
    @Test("Over 300 seeded scenarios", arguments: 0..<30) func balances(block: UInt64) async throws {
        for seed in (block * 10)..<(block * 10 + 10) { _ = try await SeededTestRun(seed: seed).trace() }
    }
}
