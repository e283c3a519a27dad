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
        let handled = Atomic<Int>(0)
        var route = RouteConfiguration(try TopicPattern("orders.*", style: .amqp), to: "main", as: .queue)
        route.concurrency = concurrency
        let configuration = HubConfiguration(brokers: ["main": BrokerConfiguration(.inMemory)], routes: ["orders": route])
        try await withHub(configuration, brokers: [.inMemory()], environment: HubEnvironment(log: NoLog())) { hub in
            let topics = (0..<count).map { Topic(stringLiteral: "orders.\($0)") }
            for topic in topics { try await hub.publish(Message("first"), to: topic) }
            let before = residentBytes()
            for topic in topics {
                try await hub.subscribe(to: topic) { _ in handled.add(1, ordering: .relaxed) }
            }
            try await until(count, handled)
            try await Task.sleep(for: .seconds(3))
            let bytes = (residentBytes() - before) / count
            print("\(count) subscriptions of \(concurrency) handlers at once: \(bytes) bytes each")
            let clock = ContinuousClock()
            let began = clock.now
            for topic in topics { try await hub.publish(Message("second"), to: topic) }
            try await until(2 * count, handled)
            print("\(count) messages to as many subscriptions: \(clock.now - began)")
        }
    }

    private static func until(_ count: Int, _ handled: borrowing Atomic<Int>) async throws {
        while handled.load(ordering: .relaxed) < count { try await Task.sleep(for: .milliseconds(1)) }
    }

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
