import Dispatch
import InMemoryBroker
import Messaging
import MessagingHub
import Synchronization

/// The whole hub in memory, with its default policies: one task publishes, eight handlers take; ready-made messages, each
/// with a 256-byte body of its own, a queue of 4,096. To be compared with `seam` in the same minute.
///
/// `whole [shape] [messages]`, where shape is `single` (publish one by one) or `batch` (100 at a time). Prints messages
/// per second. The main thread waits in a semaphore, so that valgrind can count.
@main struct Whole {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let shapes = arguments.first.map { [$0] } ?? ["single", "batch"]
        let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 3_000_000
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            for shape in shapes {
                do { try await run(shape, count) } catch { print("\(shape): \(error)") }
            }
            done.signal()
        }
        done.wait()
    }

    static func run(_ shape: String, _ count: Int) async throws {
        var configuration = HubConfiguration(brokers: ["memory": BrokerConfiguration(.inMemory)], routes: [:])
        configuration.routes["orders"] = RouteConfiguration(TopicPattern("bench.orders"), to: "memory", as: .queue)
        let server = InMemoryServer(maximumMessages: 4096)
        let handled = Atomic<Int>(0)
        try await withHub(configuration, brokers: [.inMemory(server)]) { hub in
            let total = shape == "single" ? count : count / 100 * 100
            let batches = (0..<82).map { _ in
                (0..<100).map { _ in Message(Body([UInt8](repeating: 7, count: 256)), type: "order.created") }
            }
            let messages = Array(batches.joined())
            let topic: Topic = "bench.orders"
            let start = ContinuousClock.now
            try await hub.subscribe(to: topic) { _ in handled.add(1, ordering: .relaxed) }
            if shape == "single" {
                for index in 0..<total { try await hub.publish(messages[index % messages.count], to: topic) }
            } else {
                for index in 0..<(total / 100) { try await hub.publish(batches[index % batches.count], to: topic) }
            }
            while handled.load(ordering: .relaxed) < total { try await Task.sleep(for: .milliseconds(1)) }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print("\(shape): \(Int(Double(total) / seconds)) msg/s, \(seconds * 1e9 / Double(total)) ns per message")
        }
    }
}
