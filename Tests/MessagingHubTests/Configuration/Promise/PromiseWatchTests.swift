import Foundation
import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

/// What is promised is computed again when a broker is there again, and what has changed is said.
@Suite(.timeLimit(.minutes(5))) struct PromiseWatchTests {
    /// A broker whose server may keep less each time that it is connected to.
    private final class Changing: BrokerDecorator {
        let base: any MessageBroker
        private let state: Lock<(durability: BrokerDurability?, report: (@Sendable (BrokerEvent) -> Void)?)>

        init(_ base: any MessageBroker, _ durability: BrokerDurability?) {
            self.base = base
            state = Lock((durability, nil))
        }

        var durability: BrokerDurability? { state.withLock { $0.durability } }

        func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
            state.withLock { $0.report = reporting }
            try await base.connect(reporting: reporting)
        }

        /// It was away, and is back with this.
        func reconnect(_ durability: BrokerDurability?) {
            let report = state.withLock { state in
                state.durability = durability
                return state.report
            }
            report?(.down(BrokerError(.notConnected, "gone")))
            report?(.up)
        }
    }

    private static let disk = BrokerDurability(until: .disk, "fsync")
    private static let forgetful = BrokerDurability(until: .server, "appendonly is no", remedy: "set appendonly yes")

    private static func lines(_ log: LogCollector, _ message: String) -> [String] {
        log.records(of: message).map { record in
            "\(record.level.word) " + record.keys.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        }
    }

    /// Runs a hub with a broker that keeps all and a route that asks for this.
    private func run(
        _ asked: Guarantee?, status: StatusReporting? = nil,
        _ body: (MessageHub, Changing, LogCollector) async throws -> Void
    ) async throws {
        var fixture = HubFixture(logLevel: .info)
        fixture.environment.status = status
        try fixture.route("orders") { $0.guarantee = asked }
        fixture.configuration.subscriptions["it"] = SubscriptionConfiguration("orders", .run(["cat"]))
        let broker = Changing(InMemoryBroker(fixture.server, name: "memory"), Self.disk)
        let factory = BrokerFactory(.inMemory) { _, _, _ throws(BrokerError) in broker }
        try await withHub(fixture.configuration, brokers: [factory], environment: fixture.environment) { hub in
            try await body(hub, broker, fixture.log)
        }
    }

    @Test("A server that keeps less than is asked for once it is back: an error, with the remedy, and once")
    func short() async throws {
        try await run(.atLeastOnce) { hub, broker, log in
            let text = "guarantee lower than asked for"
            // The log has a queue of its own.
            try await eventually("what is computed is said") { Self.lines(log, "guarantee computed").count == 2 }
            #expect(Self.lines(log, text).isEmpty)
            broker.reconnect(Self.forgetful)
            try await eventually("it is said") { !Self.lines(log, text).isEmpty }
            #expect(
                Self.lines(log, text) == [
                    "error hub.route=orders hub.guarantee=at most once hub.order=none"
                        + " hub.guarantee.asked=at least once hub.reason=the server keeps nothing when it ends:"
                        + " appendonly is no; set appendonly yes"
                ])
            #expect(hub.promise(of: RouteName("orders"))?.guarantee == .atMostOnce)
            // Of the subscription nothing was asked: it is less than it was.
            try await eventually("and of the subscription") { !Self.lines(log, "guarantee lowered").isEmpty }
            #expect(Self.lines(log, "guarantee lowered")[0].hasPrefix("warning hub.subscription=it"))
            broker.reconnect(Self.forgetful)
            broker.reconnect(Self.disk)
            try await eventually("it is better again") { Self.lines(log, "guarantee computed").count == 4 }
            #expect(Self.lines(log, text).count == 1 && Self.lines(log, "guarantee lowered").count == 1)
        }
    }

    @Test("What is the same after a reconnect is not said again; what is better is, once")
    func same() async throws {
        try await run(nil) { _, broker, log in
            broker.reconnect(Self.disk)
            broker.reconnect(Self.disk)
            broker.reconnect(BrokerDurability(until: .process, "all is here"))
            try await eventually("what changed is said") { Self.lines(log, "guarantee computed").count == 4 }
            #expect(Self.lines(log, "guarantee lowered").isEmpty)
        }
    }

    @Test("The status says what is asked for while less is promised")
    func status() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hub-promise-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let environment = ["XDG_RUNTIME_DIR": path]
        func promised() throws -> HubStatus.Promised? {
            try HubStatus.seen(in: StatusDirectory(environment)).running.first?.routes.first
        }
        try await run(.atLeastOnce, status: StatusReporting(command: "test", environment: environment)) {
            _, broker, _ in
            try await eventually("it is as asked") { try promised().map { $0.asked == nil } ?? false }
            broker.reconnect(Self.forgetful)
            try await eventually("it is less") { try promised()?.asked == "at-least-once" }
            #expect(try promised()?.guarantee == "at-most-once")
            broker.reconnect(Self.disk)
            try await eventually("it is as asked again") { try promised().map { $0.asked == nil } ?? false }
        }
    }

    @Test(
        "Of two brokers that are one, whichever comes late says what it keeps", arguments: ["main", "spare"])
    func pair(_ late: String) async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders") { $0.guarantee = .atLeastOnce }
        let (server, name) = (servers[BrokerName(late)], BrokerName(late))
        let forgets = Flag()
        servers.before[name] = { base in Forgetting(base: base, forgets: forgets) }
        server.kill()
        try await servers.run { hub in
            #expect(servers.log.records(of: "guarantee lower than asked for").isEmpty)
            forgets.raise()
            server.start()
            // One that stands in is connected to when it is needed.
            if late == "spare" { servers["main"].kill() }
            try await eventually("it is said") {
                // Who is away is tried again when it is needed.
                _ = try? await hub.publish(Message(), to: "orders")
                return !servers.log.records(of: "guarantee lower than asked for").isEmpty
            }
        }
    }

    private final class Flag: Sendable {
        private let state = Lock(false)
        var isRaised: Bool { state.withLock { $0 } }
        func raise() { state.withLock { $0 = true } }
    }

    private struct Forgetting: BrokerDecorator {
        let base: any MessageBroker
        let forgets: Flag
        var durability: BrokerDurability? { forgets.isRaised ? PromiseWatchTests.forgetful : nil }
    }

    @Test("How grave a change is follows from what was promised, what is, and what is asked for")
    func changes() throws {
        func promise(
            _ guarantee: Guarantee, _ order: DestinationDeclaration.Order = .none, ends: Bool = false,
            _ why: String = "x"
        ) -> Promise {
            Promise(order: order, endsWithProcess: ends, [Promise.Reason(guarantee, why, "do y")])
        }
        func level(_ before: Promise?, _ now: Promise, _ asked: Guarantee?) -> LogRecord.Level? {
            PromiseChange(before: before, now: now, asked: asked).level
        }
        let (most, least) = (promise(.atMostOnce), promise(.atLeastOnce))
        #expect(level(nil, least, nil) == .info && level(nil, most, .atLeastOnce) == .error)
        #expect(level(least, least, nil) == nil && level(most, most, .atLeastOnce) == nil)
        #expect(level(least, most, nil) == .warning && level(least, most, .atMostOnce) == .warning)
        #expect(level(least, most, .atLeastOnce) == .error && level(most, least, .atLeastOnce) == .info)
        #expect(level(most, promise(.atMostOnce, .none, "z"), .atLeastOnce) == .error)
        #expect(level(least, promise(.atLeastOnce, .none, "z"), nil) == .info)
        #expect(level(promise(.atLeastOnce, .all), promise(.atLeastOnce, .perKey), nil) == .warning)
        #expect(level(promise(.atLeastOnce, .perKey), promise(.atLeastOnce, .all), nil) == .info)
        #expect(level(least, promise(.atLeastOnce, ends: true), nil) == .warning)
        #expect(PromiseChange(before: least, now: most, asked: .atLeastOnce).reasons == ["x; do y"])
    }
}
