import Glibc
import Messaging
import RabbitMQBroker

/// A run of the backend, through its seam.
struct Wrapper: Sendable {
    private let run: Run
    private let counter: Int32

    init(_ run: Run, _ counter: Int32) {
        self.run = run
        self.counter = counter
    }

    func outcome() async throws -> Outcome {
        let broker = try await run.broker(confirms: run.work != .unconfirmed)
        let messages = run.messages()
        var nanoseconds: [Int64] = []
        let start = Outcome.now(counter)
        switch run.work {
        case .publish: try await publish(messages, over: broker)
        case .unconfirmed:
            try await publish(messages, over: broker)
            // As the twin, until the server has read it.
            await broker.close(within: .seconds(60))
        case .single: try await publishSingly(messages, over: broker)
        case .consume: try await consume(over: broker)
        case .both:
            async let published: Void = publish(messages, over: broker)
            try await consume(over: broker)
            try await published
        case .roundtrip: nanoseconds = try await roundTrips(messages, over: broker)
        }
        var outcome = Outcome.now(counter) - start
        outcome.nanoseconds = nanoseconds
        await broker.close(within: .seconds(10))
        return outcome
    }

    /// As many calls at once as fill the window.
    private func publish(_ messages: [Message], over broker: RabbitMQBroker) async throws {
        let calls = Run.window / Run.batch
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<calls {
                let mine = Array(messages[(number * Run.batch)..<((number + 1) * Run.batch)])
                group.addTask {
                    for _ in 0..<(run.count / Run.window) {
                        _ = try await broker.publish(mine, to: Run.queue, options: PublishOptions())
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func publishSingly(_ messages: [Message], over broker: RabbitMQBroker) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for message in messages {
                group.addTask {
                    for _ in 0..<(run.count / Run.window) {
                        _ = try await broker.publish(message, to: Run.queue, options: PublishOptions())
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func consume(over broker: RabbitMQBroker) async throws {
        let consumer = try await broker.subscribe(
            Subscription(Run.queue, window: Run.window, windowBytes: Run.window * (run.bytes + 1_024)))
        var settled = 0
        while settled < run.count {
            let deliveries = try await consumer.receive(upTo: Run.batch, within: .seconds(10))
            if deliveries.isEmpty { throw Failure("nothing came for 10 s, after \(settled) messages") }
            if deliveries.contains(where: { $0.message.body.count != run.bytes }) { throw Failure("a body is another") }
            let outcomes = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            settled += outcomes.count { if case .settled = $0 { true } else { false } }
        }
        await consumer.cancel()
    }

    private func roundTrips(_ messages: [Message], over broker: RabbitMQBroker) async throws -> [Int64] {
        let consumer = try await broker.subscribe(Subscription(Run.queue, window: Run.window))
        var nanoseconds: [Int64] = []
        for index in 0..<run.count {
            let start = Self.now
            _ = try await broker.publish(
                messages[index % messages.count], to: Run.queue, options: PublishOptions())
            let deliveries = try await consumer.receive(upTo: 1, within: .seconds(10))
            guard let delivery = deliveries.first else { throw Failure("nothing came for 10 s") }
            _ = await consumer.settle(delivery.receipt, as: .accept)
            nanoseconds.append(Self.now - start)
        }
        await consumer.cancel()
        return nanoseconds
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
