import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// A hub in memory for a test: one server, and routes that a test adds to.
struct HubFixture {
    var server: InMemoryServer
    var configuration: HubConfiguration
    var environment: HubEnvironment
    let log = LogCollector()

    init(time: any TimeSource = SystemTime.shared, logLevel: LogRecord.Level = .warning) {
        server = InMemoryServer(time: time)
        configuration = HubConfiguration(brokers: ["memory": BrokerConfiguration(.inMemory)], routes: [:])
        environment = HubEnvironment(time: time, log: log, logLevel: logLevel)
    }

    /// Adds a route of this pattern and name, to the broker in memory.
    mutating func route(
        _ pattern: String, as kind: DestinationKind = .queue,
        _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) throws {
        var route = RouteConfiguration(try TopicPattern(pattern, style: .amqp), to: "memory", as: kind)
        edit(&route)
        configuration.routes[RouteName(pattern)] = route
    }

    /// Runs a hub of this configuration while `body` does.
    func run<Result: Sendable>(_ body: (MessageHub) async throws -> Result) async throws -> Result {
        try await withHub(configuration, brokers: [.inMemory(server)], environment: environment, body)
    }

    /// A hub of this configuration that does not run.
    func make() throws -> MessageHub {
        try MessageHub(configuration, brokers: [.inMemory(server)], environment: environment)
    }

    /// How much is in a queue, held or waiting.
    func depth(of topic: Topic) async throws -> Int {
        let depth = try await look(at: topic)
        return depth.waiting + (depth.held ?? 0)
    }

    /// How much of a queue is held.
    func held(in topic: Topic) async throws -> Int { try await look(at: topic).held ?? 0 }

    private func look(at topic: Topic) async throws -> DestinationDepth {
        let broker = InMemoryBroker(server)
        try await broker.connect { _ in }
        guard let topology = broker.topology else { throw Failing(description: "no topology") }
        let depth = try await topology.depth(of: .queue(topic), group: nil)
        await broker.close(within: .zero)
        return depth
    }
}

/// Waits until a condition holds; a hang is a failed expectation that names it, and ends the test.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool,
    at location: SourceLocation = #_sourceLocation
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        if ContinuousClock.now > end {
            Issue.record("not within \(limit): \(what)", sourceLocation: location)
            throw Failing(description: "not within \(limit): \(what)")
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// Moves a virtual clock, step by step, until a condition holds.
func advancing(
    _ time: VirtualTime, by step: Duration = .milliseconds(50), until what: String,
    within limit: Duration = .seconds(60),
    _ condition: () async throws -> Bool, at location: SourceLocation = #_sourceLocation
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        if ContinuousClock.now > end {
            Issue.record("not within \(limit): \(what)", sourceLocation: location)
            throw Failing(description: "not within \(limit): \(what)")
        }
        try await Task.sleep(for: .milliseconds(1))
        time.advance(by: step)
    }
}

/// Something that tests count across tasks.
final class Recorder<Element: Sendable>: Sendable {
    private let kept = Lock<[Element]>([])
    var all: [Element] { kept.withLock { $0 } }
    var count: Int { kept.withLock { $0.count } }
    /// Adds an element; how many there are now.
    @discardableResult func add(_ element: Element) -> Int {
        kept.withLock { kept in
            kept.append(element)
            return kept.count
        }
    }
}

/// What a handler throws that fails on purpose.
struct Failing: Error, CustomStringConvertible {
    var description = "failing on purpose"
}

/// What a call returned or threw.
func outcome<Value: Sendable>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
}
