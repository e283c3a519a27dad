import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting

extension PolicyRule {
    /// What cannot be published to a broker that is away goes to the other one, and handlers get it.
    static let diverted = PolicyRule(name: "what cannot reach its broker reaches the one that stands in") { trial in
        try await ofPair(trial) { hub, main, _ in
            try await hub.publish(Message("before"), to: "orders")
            main.kill()
            let failure = await outcome { try await hub.publish([Message("a"), Message("b")], to: "orders") }
            try trial.require(hub.metrics().diverted == 2, "of 2 messages \(hub.metrics().diverted) were diverted")
            if case .failure(let error) = failure { throw PolicyViolation(description: "not published: \(error)") }
            let handled = Recorder<MessageID>()
            try await hub.subscribe(to: "orders") { handled.add($0.message.id) }
            try await trial.eventually(
                { handled.count == 2 }, else: "of 2 diverted messages \(handled.count) were handled")
        }
    }

    /// A change is logged when it happens, and no publish after it is.
    static let loggedOnce = PolicyRule(name: "a fallback is logged once per change") { trial in
        try await ofPair(trial) { hub, main, log in
            main.kill()
            for _ in 0..<3 { try await hub.publish(Message(), to: "orders") }
            main.start()
            try await trial.eventually({ hub.isConnected("main") }, else: "the broker did not come back")
            try await hub.publish(Message(), to: "orders")
            try await trial.eventually(
                { log.records(of: "fallback ended").count == 1 },
                else: "its end was logged \(log.records(of: "fallback ended").count) times")
            let count = log.records(of: "fallback in use").count
            try trial.require(count == 1, "its use was logged \(count) times")
        }
    }

    /// The broker is published to again once it is there.
    static let returned = PolicyRule(name: "a broker that is back is published to") { trial in
        try await ofPair(trial) { hub, main, _ in
            main.kill()
            try await hub.publish(Message(), to: "orders")
            main.start()
            try await hub.publish(Message(), to: "orders")
            try trial.require(hub.metrics().diverted == 1, "of the messages after its return one was diverted")
        }
    }

    /// What may have arrived is not published to the other broker as well.
    static let unsure = PolicyRule(name: "what may have arrived is not diverted") { trial in
        try await ofPair(trial, isUnsure: true) { hub, _, _ in
            _ = await outcome { try await hub.publish(Message(), to: "orders") }
            try trial.require(hub.metrics().diverted == 0, "a message that may have arrived was diverted")
        }
    }

    /// A hub with a broker, on a server of its own, for which another one stands in.
    private static func ofPair(
        _ trial: Trial, isUnsure: Bool = false,
        _ body: (MessageHub, InMemoryServer, LogCollector) async throws -> Void
    ) async throws {
        let servers: [BrokerName: InMemoryServer] = ["main": InMemoryServer(), "spare": InMemoryServer()]
        let factory = BrokerFactory(.inMemory) { name, _, _ throws(BrokerError) in
            let broker = InMemoryBroker(servers[name] ?? InMemoryServer(), name: name)
            if !isUnsure || name != "main" { return broker }
            return ChangedBroker(base: broker) { _ in .unknown(BrokerError(.timeout, "nothing came back")) }
        }
        var route = RouteConfiguration(TopicPattern("orders"), to: "main", as: .queue)
        route.fallback = FallbackRoute("spare", divertsDurable: true)
        route.publishRetry.attempts = 1
        let brokers = servers.mapValues { _ in BrokerConfiguration(.inMemory) }
        let log = LogCollector()
        var environment = HubEnvironment(log: log, logLevel: .info)
        environment.policies = trial.policies
        try await withHub(
            HubConfiguration(brokers: brokers, routes: ["orders": route]), brokers: [factory], environment: environment
        ) { hub in
            if let main = servers["main"] { try await body(hub, main, log) }
        }
    }
}

/// A broker that publishes, and then says something else of it.
final class ChangedBroker: BrokerDecorator {
    let base: any MessageBroker
    private let outcome: @Sendable (PublishFailure?) -> PublishFailure.Outcome?

    /// `outcome` makes of a failure, or none, what is said of every message.
    init(base: any MessageBroker, _ outcome: @escaping @Sendable (PublishFailure?) -> PublishFailure.Outcome?) {
        self.base = base
        self.outcome = outcome
    }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        var failure: PublishFailure?
        var receipt = PublishReceipt()
        do throws(PublishFailure) {
            receipt = try await base.publish(messages, to: destination, options: options)
        } catch {
            failure = error
        }
        guard let outcome = outcome(failure) else { return receipt }
        let outcomes = Dictionary(uniqueKeysWithValues: messages.indices.map { ($0, outcome) })
        throw PublishFailure(outcomes, of: messages.count)
    }
}

/// A broker that does not say when its connection comes back.
final class SilentBroker: BrokerDecorator {
    let base: any MessageBroker

    init(base: any MessageBroker) { self.base = base }

    func connect(reporting: @escaping @Sendable (BrokerEvent) -> Void) async throws(BrokerError) {
        try await base.connect { if $0 != .up { reporting($0) } }
    }
}
