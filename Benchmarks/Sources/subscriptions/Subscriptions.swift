import CHeap
import Dispatch
import Glibc
import InMemoryBroker
import Messaging
import MessagingHub
import Synchronization

/// What a subscription takes that has nothing to do, and whether many of them stay correct.
///
/// `subscriptions [count] [concurrency]`. Subscribes to so many queues of memory with so many handlers at once, prints the
/// bytes that each subscription has added to the process, then publishes one message to each queue and counts.
@main struct Subscriptions {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let (count, concurrency) = (arguments.first ?? 5000, arguments.count > 1 ? arguments[1] : 8)
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do { try await run(count, concurrency) } catch { print("subscriptions: \(error)") }
            done.signal()
        }
        done.wait()
    }

    private static func run(_ count: Int, _ concurrency: Int) async throws {
        let handled = (0..<count).map { _ in Count() }
        var route = RouteConfiguration(try TopicPattern("orders.*", style: .amqp), to: "main", as: .queue)
        route.concurrency = concurrency
        let configuration = HubConfiguration(
            brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])
        try await withHub(configuration, brokers: [.inMemory()], environment: HubEnvironment(log: NoLog())) { hub in
            let topics = (0..<count).map { Topic(stringLiteral: "orders.\($0)") }
            // What a topic takes by itself is there already: its queue, and what publishes to it.
            for topic in topics {
                try await hub.publish(Message("before"), to: topic)
                let consumer = try await hub.broker("main")?.subscribe(Subscription(.queue(topic)))
                for delivery in try await consumer?.receive(upTo: 1, within: .seconds(1)) ?? [] {
                    _ = await consumer?.settle(delivery.receipt, as: .accept)
                }
                await consumer?.cancel()
            }
            let before = (heap: heapBytes(), resident: residentBytes())
            for (topic, handled) in zip(topics, handled) {
                try await hub.subscribe(to: topic) { _ in handled.value.add(1, ordering: .relaxed) }
            }
            print(
                "\(count) subscriptions of \(concurrency) handlers at once, idle: \((heapBytes() - before.heap) / count)"
                    + " bytes each (\((residentBytes() - before.resident) / count) resident)")
            let clock = ContinuousClock()
            let began = clock.now
            for topic in topics { try await hub.publish(Message("again"), to: topic) }
            while handled.contains(where: { $0.number == 0 }), clock.now - began < .seconds(60) {
                try await Task.sleep(for: .milliseconds(1))
            }
            print("a message to each of them: \(clock.now - began)")
            try await Task.sleep(for: .seconds(3))
            let wrong = handled.count { $0.number != 1 }
            guard wrong == 0 else { return print("\(wrong) of them did not handle their message once") }
            print("idle again: \((heapBytes() - before.heap) / count) bytes each")
        }
    }

    /// How many messages a subscription has handled.
    private final class Count: Sendable {
        let value = Atomic<Int>(0)
        var number: Int { value.load(ordering: .relaxed) }
    }

    /// What of the heap is in use.
    private static func heapBytes() -> Int { Int(heap_bytes_in_use()) }

    /// What of this process is in memory, without what its allocator could give back (proc_pid_statm(5)).
    private static func residentBytes() -> Int {
        typealias Trim = @convention(c) (Int) -> Int32
        if let trim = dlsym(nil, "malloc_trim") { _ = unsafeBitCast(trim, to: Trim.self)(0) }
        let file = open("/proc/self/statm", O_RDONLY)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(file, &buffer, buffer.count)
        let fields = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}
