import Dispatch
import Glibc
import Idle
import Messaging
import MessagingHub
import Synchronization

/// What telemetry costs: a hub over a broker that does nothing, so that nothing else is measured.
///
/// `telemetry [publish|consume] [messages] [none|log|metrics|trace|audit]`. Publishes one by one, or has eight handlers
/// take runs of 64, with this sink, which does nothing either. Prints CPU nanoseconds per message.
/// The main thread waits in a semaphore, so that valgrind can count. `scripts/bench-telemetry` compares.
@main struct Telemetry {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let way = arguments.first ?? "publish"
        let count = arguments.count > 1 ? Int(arguments[1]) ?? 2_000_000 : 2_000_000
        let sink = arguments.count > 2 ? arguments[2] : "none"
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                let seconds = try await run(way, count, sink)
                print("\(way) \(sink): \((seconds * 1e10 / Double(count)).rounded() / 10) CPU ns per message")
            } catch {
                print("\(way) \(sink): \(error)")
            }
            done.signal()
        }
        done.wait()
    }

    private static func run(_ way: String, _ count: Int, _ sink: String) async throws -> Double {
        let handled = Atomic<Int>(0)
        var environment = HubEnvironment(log: NoLog())
        switch sink {
        case "log":
            environment.log = Nothing()
            environment.logLevel = .debug
        case "metrics": environment.metrics = Nothing()
        case "trace": environment.trace = Nothing()
        case "audit": environment.audit = Nothing()
        default: break
        }
        let route = RouteConfiguration(TopicPattern("orders"), to: "idle", as: .queue)
        let configuration = HubConfiguration(
            brokers: ["idle": BrokerConfiguration("idle")], routes: ["orders": route])
        let message = Message(Body([UInt8](repeating: 7, count: 256)), type: "order.created")
        let broker = IdleBroker(count: count, message: message)
        return try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            try await hub.publish(message, to: "orders")
            let start = cpuSeconds()
            if way == "publish" {
                for _ in 0..<count { try await hub.publish(message, to: "orders") }
            } else {
                try await hub.subscribe(to: "orders") { _ in handled.add(1, ordering: .relaxed) }
                while handled.load(ordering: .relaxed) < count { try await Task.sleep(for: .milliseconds(1)) }
            }
            return cpuSeconds() - start
        }
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

/// Sinks that take everything and do nothing.
struct Nothing: LogSink, MetricsSink, TraceSink, AuditSink, Instrument {
    func log(_ record: LogRecord) {}
    func instrument(_ description: InstrumentDescription) -> any Instrument { self }
    func record(_ value: Double) {}
    func span(_ record: SpanRecord) {}
    func audit(_ record: AuditRecord) {}
}
