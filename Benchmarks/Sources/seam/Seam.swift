import Dispatch
import InMemoryBroker
import Messaging

/// The bare seam in memory: one task publishes, one receives and settles; a queue of 4,096. The messages are ready-made,
/// each with a body of its own of 256 bytes, as those of a program are: twice as many as the queue holds, again and again.
///
/// `seam [shape] [messages] [shared]`, where shape is `single` (publish one by one, receive up to 64, settle one by one) or
/// `batch` (100 at a time). With `shared` all messages have one body, whose reference count both sides then fight for.
/// Prints a table. The main thread waits in a semaphore, so that valgrind can count.
@main struct Seam {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let shapes = arguments.first.map { [$0] } ?? ["single", "batch"]
        let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 3_000_000
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            print(Measurement.header)
            for shape in shapes {
                do { print(try await run(shape, count)) } catch { print("\(shape): \(error)") }
            }
            done.signal()
        }
        done.wait()
    }

    static func run(_ shape: String, _ count: Int) async throws -> Measurement {
        let broker: any MessageBroker = InMemoryBroker(InMemoryServer(maximumMessages: 4096))
        let queue = Destination.queue("bench.orders")
        try await broker.connect { _ in }
        try await broker.declare([DestinationDeclaration(queue)])
        let consumer = try await broker.subscribe(Subscription(queue, window: 1024))
        let one = Body([UInt8](repeating: 7, count: 256))
        let isShared = CommandLine.arguments.contains("shared")
        let batches = (0..<82).map { _ in
            (0..<100).map { _ in
                Message(isShared ? one : Body([UInt8](repeating: 7, count: 256)), type: "order.created")
            }
        }
        let start = Usage.now
        let receives = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                if shape == "single" {
                    try await publishSingly(count, of: batches, on: broker, to: queue)
                } else {
                    try await publishInBatches(count, of: batches, on: broker, to: queue)
                }
                return 0
            }
            group.addTask {
                if shape == "single" {
                    try await settleSingly(count, from: consumer)
                } else {
                    try await settleInBatches(count, from: consumer)
                }
            }
            return try await group.reduce(0, +)
        }
        let usage = Usage.now - start
        await broker.close(within: .seconds(1))
        return Measurement(shape: shape, count: count, usage: usage, receives: receives)
    }

    static func publishSingly(
        _ count: Int, of batches: [[Message]], on broker: any MessageBroker, to queue: Destination
    ) async throws {
        let options = PublishOptions()
        let messages = Array(batches.joined())
        var next = 0
        for _ in 0..<count {
            try await broker.publish(messages[next], to: queue, options: options)
            next = next + 1 < messages.count ? next + 1 : 0
        }
    }

    static func publishInBatches(
        _ count: Int, of batches: [[Message]], on broker: any MessageBroker, to queue: Destination
    ) async throws {
        let options = PublishOptions()
        for index in 0..<(count / 100) {
            try await broker.publish(batches[index % batches.count], to: queue, options: options)
        }
    }

    /// How many receives it took.
    static func settleSingly(_ count: Int, from consumer: any MessageConsumer) async throws -> Int {
        var (settled, receives) = (0, 0)
        while settled < count {
            let deliveries = try await consumer.receive(upTo: 64, within: .seconds(5))
            receives += 1
            for index in deliveries.indices {
                if case .settled = await consumer.settle(deliveries[index].receipt, as: .accept) { settled += 1 }
            }
        }
        return receives
    }

    /// How many receives it took.
    static func settleInBatches(_ count: Int, from consumer: any MessageConsumer) async throws -> Int {
        var (settled, receives) = (0, 0)
        while settled < count / 100 * 100 {
            let deliveries = try await consumer.receive(upTo: 100, within: .seconds(5))
            receives += 1
            var settlements: [ReceiptSettlement] = []
            settlements.reserveCapacity(deliveries.count)
            for index in deliveries.indices {
                settlements.append(ReceiptSettlement(deliveries[index].receipt, .accept))
            }
            settled += await consumer.settle(settlements).count { if case .settled = $0 { true } else { false } }
        }
        return receives
    }
}
