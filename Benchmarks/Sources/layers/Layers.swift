import Dispatch
import Idle
import Messaging
import MessagingHub
import MessagingReliability
import Synchronization

/// What each layer between a program and its broker takes for a message, over a broker that does nothing. `routing` is the
/// hub with its default policies, of which none acts on a message that goes well: its retries and dead letters, and its
/// telemetry without a sink, are in that number.
///
/// `layers` lists the layers: the way, the layer, and the layer that it is compared with. `layers WAY LAYER [MESSAGES]` runs
/// one. Publishes one by one, or has one handler take runs of 64. The main thread waits in a semaphore, so that valgrind
/// can count; `scripts/bench-layers` prints the table.
@main struct Layers {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count > 1 else {
            for layer in Layer.all { print(layer.way, layer.name, layer.base) }
            return
        }
        guard let layer = Layer.all.first(where: { $0.way == arguments[0] && $0.name == arguments[1] }) else {
            print("layers: there is no layer \(arguments[1]) of \(arguments[0]); layers lists them")
            return
        }
        let count = arguments.count > 2 ? Int(arguments[2]) ?? 200_000 : 200_000
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do { try await layer.run(count) } catch { print("\(layer.way) \(layer.name): \(error)") }
            done.signal()
        }
        done.wait()
    }
}

/// One layer: what a hub is configured with.
struct Layer: Sendable {
    let way: String
    let name: String
    /// With which it is compared.
    let base: String
    var route: @Sendable (inout RouteConfiguration) -> Void = { _ in }
    var environment: @Sendable (inout HubEnvironment) -> Void = { _ in }
    var isTyped = false
    var isDistinct = false

    private init(_ way: String, _ name: String, over base: String, _ edit: (inout Layer) -> Void = { _ in }) {
        (self.way, self.name, self.base) = (way, name, base)
        edit(&self)
    }

    static let all: [Layer] =
        [
            Layer("publish", "seam", over: "none"),
            Layer("publish", "routing", over: "seam"),
            Layer("publish", "breaker", over: "routing") { $0.route = { $0.publishBreaker = CircuitBreakerPolicy() } },
            Layer("publish", "fallback", over: "routing") { $0.route = { $0.fallback = .spare } },
            Layer("publish", "typed", over: "routing") { $0.isTyped = true },
            Layer("consume", "seam", over: "none"),
            Layer("consume", "routing", over: "seam"),
            Layer("consume", "timeout", over: "routing") { $0.route = { $0.timeout = .seconds(60) } },
            Layer("consume", "order", over: "routing") { $0.route = { $0.order = .perKey } },
            Layer("consume", "breaker", over: "routing") { $0.route = { $0.breaker = CircuitBreakerPolicy() } },
            Layer("consume", "retry-budget", over: "routing") { $0.route = { $0.retryBudget = 60 } },
            Layer("consume", "distinct-ids", over: "routing") { $0.isDistinct = true },
            Layer("consume", "deduplicate", over: "distinct-ids") {
                $0.isDistinct = true
                $0.route = { $0.deduplicate = DeduplicationPolicy() }
            },
            Layer("consume", "fallback", over: "routing") { $0.route = { $0.fallback = .spare } },
            Layer("consume", "typed", over: "routing") { $0.isTyped = true },
        ] + sinks("publish") + sinks("consume")

    private static func sinks(_ way: String) -> [Layer] {
        [
            Layer(way, "middleware", over: "routing") { $0.environment = { $0.middlewares = [Pass()] } },
            Layer(way, "log-debug", over: "routing") {
                $0.environment = {
                    $0.log = Nothing()
                    $0.logLevel = .debug
                }
            },
            Layer(way, "metrics", over: "routing") { $0.environment = { $0.metrics = Nothing() } },
            Layer(way, "trace", over: "routing") { $0.environment = { $0.trace = Nothing() } },
            Layer(way, "audit", over: "routing") { $0.environment = { $0.audit = Nothing() } },
        ]
    }

    /// Sends so many messages through it.
    func run(_ count: Int) async throws {
        let message = Message(Body(#"{"id":7,"note":"two lines of it"}"#), type: "order.created")
        let broker = IdleBroker(count: count, message: message, distinct: isDistinct)
        if name == "seam" { return try await runBare(broker, count) }
        var route = RouteConfiguration(TopicPattern("orders"), to: "idle", as: .queue)
        route.concurrency = 1
        self.route(&route)
        var environment = HubEnvironment(log: NoLog())
        self.environment(&environment)
        var configuration = HubConfiguration(
            brokers: ["idle": BrokerConfiguration("idle")], routes: ["orders": route])
        if let fallback = route.fallback { configuration.brokers[fallback.broker] = BrokerConfiguration("idle") }
        let topic = TypedTopic<Order>("orders")
        try await withHub(configuration, brokers: [broker.factory], environment: environment) { hub in
            if way == "publish" {
                let order = Order(id: 7, note: "two lines of it")
                for _ in 0..<count {
                    if isTyped {
                        try await hub.publish(order, to: topic)
                    } else {
                        try await hub.publish(message, to: "orders")
                    }
                }
                return
            }
            let handled = Atomic<Int>(0)
            if isTyped {
                try await hub.subscribe(to: topic) { _, _ in handled.add(1, ordering: .relaxed) }
            } else {
                try await hub.subscribe(to: "orders") { _ in handled.add(1, ordering: .relaxed) }
            }
            while handled.load(ordering: .relaxed) < count { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private func runBare(_ broker: IdleBroker, _ count: Int) async throws {
        if way == "publish" {
            for _ in 0..<count {
                _ = try await broker.publish(broker.message, to: .queue("orders"), options: PublishOptions())
            }
            return
        }
        let consumer = try await broker.subscribe(Subscription(.queue("orders")))
        var handled = 0
        while handled < count {
            let deliveries = try await consumer.receive(upTo: 64, within: .seconds(1))
            for delivery in deliveries where await consumer.settle(delivery.receipt, as: .accept) == .settled {
                handled += 1
            }
        }
    }
}

extension FallbackRoute {
    /// A broker that is never needed.
    fileprivate static let spare = FallbackRoute("spare", divertsDurable: true)
}

/// A middleware that does nothing.
struct Pass: Middleware {}

/// What a typed topic carries here.
struct Order: Codable, Sendable {
    let id: Int
    let note: String
}

/// Sinks that take everything and do nothing.
struct Nothing: LogSink, MetricsSink, TraceSink, AuditSink, Instrument {
    func log(_ record: LogRecord) {}
    func instrument(_ description: InstrumentDescription) -> any Instrument { self }
    func record(_ value: Double) {}
    func span(_ record: SpanRecord) {}
    func audit(_ record: AuditRecord) {}
}
