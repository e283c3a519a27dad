import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("A broker that stands in for another, through the hub") struct FallbackTests {
    @Test("S3-02 with both brokers down a publish succeeds through the fallback, and its counters move")
    func bothBrokersDown() async throws {
        var servers = FallbackServers("tasks", "events", "memory")
        servers.route("work", to: "tasks", orTo: "memory")
        servers.route("happened", to: "events", orTo: "memory")
        servers["tasks"].kill()
        servers["events"].kill()
        try await servers.run { hub in
            for _ in 0..<3 { try await hub.publish(Message("a"), to: "work") }
            try await hub.publish([Message("b"), Message("c")], to: "happened")
            let metrics = hub.metrics()
            #expect(metrics.published == 5 && metrics.publishFailed == 0)
            #expect(metrics["MessagesDiverted"] == 5 && metrics["FallbacksUsed"] == 2)
            #expect(try await servers.waiting("work", at: "memory") == 3)
            #expect(try await servers.waiting("happened", at: "memory") == 2)
            let health = await hub.health()
            #expect(health.brokers["tasks+memory"]?.state == .degraded)
            #expect(health.brokers["tasks+memory"]?.reason?.hasPrefix("broker memory stands in: ") == true)
            try await hub.healthCheck()
        }
        #expect(servers.changes == ["fallback in use", "fallback in use"])
        let records = servers.log.records.filter { $0.message == "fallback in use" }
        #expect(records.allSatisfy { $0.level == .warning && $0["hub.fallback"] == "memory" && $0["error"] != nil })
        #expect(Set(records.compactMap { $0["hub.broker"] }) == ["tasks", "events"])
    }

    @Test("what breaks while the hub runs is diverted, logged once per change, and handled from both brokers")
    func whileRunning() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders")
        let handled = Recorder<Body>()
        try await servers.run { hub in
            try await hub.publish(Message("before"), to: "orders")
            #expect(hub.metrics().diverted == 0 && hub.metrics().fallbacks == 0)
            servers["main"].kill()
            try await hub.publish(Message("away"), to: "orders")
            try await hub.publish(Message("still away"), to: "orders")
            #expect(!hub.isConnected("main") && hub.isConnected("spare"))
            #expect(hub.metrics().diverted == 2 && hub.metrics().fallbacks == 1)
            try await hub.subscribe(to: "orders") { handled.add($0.message.body) }
            try await eventually("what was diverted is handled") { handled.count == 2 }
            servers["main"].start()
            try await eventually("the broker is back") { hub.isConnected("main") }
            try await hub.publish(Message("after"), to: "orders")
            try await eventually("everything is handled") { Set(handled.all).count == 4 }
            #expect(hub.metrics().diverted == 2)
            #expect(await hub.health().brokers["main+spare"]?.state == .connected)
        }
        #expect(Set(handled.all) == ["before", "away", "still away", "after"])
        #expect(servers.changes == ["fallback in use", "fallback ended"])
        #expect(servers.metrics.sum(of: "MessagesDiverted") == 2)
    }

    @Test("a broker that is down at the start is used once it is there; what was diverted stays where it is")
    func downAtTheStart() async throws {
        let time = VirtualTime()
        var servers = FallbackServers("main", "spare", on: time)
        servers.route("orders")
        servers["main"].kill()
        try await servers.run { hub in
            try await hub.publish(Message("a"), to: "orders")
            servers["main"].start()
            time.advance(by: .seconds(1))
            try await hub.publish(Message("b"), to: "orders")
            #expect(try await servers.waiting("orders", at: "spare") == 1)
            #expect(try await servers.waiting("orders", at: "main") == 1)
        }
        #expect(servers.changes == ["fallback in use", "fallback ended"])
    }

    @Test("no route without a fallback is diverted, and none starts without its broker")
    func neverByDefault() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders")
        servers.route("payments", orTo: nil) { $0.publishDeadline = .milliseconds(50) }
        try await servers.run { hub in
            servers["main"].kill()
            try await hub.publish(Message("a"), to: "orders")
            await #expect(throws: PublishFailure.self) { try await hub.publish(Message("b"), to: "payments") }
            #expect(hub.metrics().diverted == 1)
        }
        let error = await #expect(throws: BrokerError.self) { try await servers.run { _ in } }
        #expect(error?.sentence.contains("broker main:") == true)
    }

    @Test("a dead letter of what was diverted goes to the fallback, and is read with the others")
    func deadLetters() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders") { $0.retry.attempts = 1 }
        servers["main"].kill()
        let dead = Recorder<Body>()
        try await servers.run { hub in
            try await hub.subscribe(to: "orders.dead") { dead.add($0.message.body) }
            try await hub.subscribe(to: "orders") { _ in throw Failing() }
            try await hub.publish(Message("a"), to: "orders")
            try await eventually("the dead letter is read") { dead.all == ["a"] }
        }
    }

    @Test("a message that may have arrived is not repeated at the fallback, and none that is refused for good")
    func whatIsNotDiverted() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders") { $0.acceptsDuplicates = false }
        try await servers.run { hub in
            let large = Message(Body([UInt8](repeating: 0, count: 64 << 20)))
            let failure = await #expect(throws: PublishFailure.self) { try await hub.publish(large, to: "orders") }
            #expect(failure?.first.code == .tooLarge)
            #expect(hub.metrics().diverted == 0 && hub.metrics().fallbacks == 0)
        }
        #expect(servers.changes.isEmpty)
    }

    @Test("requests are answered while the fallback is in use")
    func requests() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("questions")
        try await servers.run { hub in
            servers["main"].kill()
            try await hub.respond(to: "questions") { Message($0.message.body) }
            #expect(try await hub.request(Message("a"), to: "questions").body == "a")
            #expect(hub.metrics().diverted == 1)
        }
    }

    @Test("a program's test hub has pairs, too")
    func inTests() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders") { $0.retry.attempts = 1 }
        try await withTestHub(servers.configuration, brokers: [.inMemory()]) { test in
            try await test.hub.subscribe(to: "orders") { _ in throw Failing() }
            try await test.publish(Message("a"), to: "orders")
            try await test.settled()
            try test.topic("orders").requireDeadLettered(1)
        }
    }

    @Test("hub check shows the weaker guarantee, and where messages go")
    func report() throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders")
        servers.configuration.brokers["main"] = BrokerConfiguration("lasting")
        var capabilities = BrokerProfile.inMemory.capabilities
        capabilities.operations[.queue]?[.durable] = .native
        let lasting = BrokerProfile(
            type: "lasting", scheme: "lasting", options: OptionGroup([]), capabilities: capabilities,
            limits: BrokerProfile.inMemory.limits)
        func orders() throws -> RouteReport {
            let report = servers.configuration.report(profiles: [.inMemory, lasting], registered: [])
            return try #require(report.routes.first)
        }
        #expect(try orders().promise.endsWithProcess)
        #expect(try orders().promise.reasons.contains { $0.sentence.hasPrefix("diverted to spare: ") })
        #expect(try orders().notes.contains("while main cannot be reached its messages go to spare, and stay there"))
        servers.configuration.routes["orders"]?.fallback = nil
        #expect(try !orders().promise.endsWithProcess)
        #expect(try orders().promise.reasons.map(\.sentence) == ["a copy is handled again: nothing is deduplicated"])
    }

    @Test("a broker that only stands in is known by its name, and a connection is a route's own")
    func names() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders")
        try await servers.run { hub in
            #expect(hub.isConnected("main") && hub.isConnected("spare") && !hub.isConnected("other"))
            #expect(hub.broker("main")?.name == "main" && hub.broker("spare")?.name == "spare")
            #expect(hub.broker("main+spare")?.name == "main+spare")
            #expect(await hub.health().brokers.keys.map(\.name) == ["main+spare"])
        }
    }

    @Test("what may have arrived is not diverted when it is repeated, and stays unknown")
    func repeatedWhileAway() async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders") { $0.publishDeadline = .milliseconds(500) }
        let main = servers["main"]
        servers.before["main"] = { LosesAConfirmation(of: $0) { main.kill() } }
        try await servers.run { hub in
            let failure = await #expect(throws: PublishFailure.self) { try await hub.publish(Message(), to: "orders") }
            if case .unknown = failure?.outcomes[0] {} else { Issue.record("it is not unknown") }
            #expect(hub.metrics().diverted == 0)
            let diverted = try await servers.waiting("orders", at: "spare")
            #expect(diverted == 0)
        }
    }

    @Test("what may have arrived at one of the two is repeated there, and nowhere else", arguments: [true, false])
    func repeatedWhereItMayBe(first: Bool) async throws {
        var servers = FallbackServers("main", "spare")
        servers.route("orders")
        let (main, place) = (servers["main"], first ? "main" : "spare" as BrokerName)
        servers.before[place] = { LosesAConfirmation(of: $0) { if !first { main.start() } } }
        try await servers.run { hub in
            if !first { main.kill() }
            try await hub.publish(Message(), to: "orders")
            #expect(hub.metrics().publishRetried == 1)
            #expect(try await servers.waiting("orders", at: "main") == (first ? 2 : 0))
            #expect(try await servers.waiting("orders", at: "spare") == (first ? 0 : 2))
        }
    }

    @Test("a destination that the returned broker refuses is refused by name, and no other one")
    func refusedLate() async throws {
        let time = VirtualTime()
        var servers = FallbackServers("main", "spare", on: time)
        servers.route("work")
        servers.route("other")
        let stranger = InMemoryBroker(servers["main"])
        try await stranger.connect { _ in }
        var work = DestinationDeclaration(.queue("work"))
        work.maximumPriority = 7
        try await stranger.declare([work])
        servers["main"].kill()
        try await servers.run { hub in
            try await hub.publish(Message("away"), to: "work")
            servers["main"].start()
            for _ in 0..<3 {
                time.advance(by: .seconds(1))
                try await hub.publish(Message(), to: "other")
                let failure = await #expect(throws: PublishFailure.self) {
                    try await hub.publish(Message(), to: "work")
                }
                #expect(failure?.first.code == .conflict && failure?.first.sentence.contains("work") == true)
            }
            #expect(try await servers.waiting("other", at: "main") == 3)
            #expect(try await servers.waiting("work", at: "main") == 0)
        }
        await stranger.close(within: .zero)
    }
}

/// A broker that publishes, and whose first confirmation is lost.
private final class LosesAConfirmation: BrokerDecorator {
    let base: any MessageBroker
    private let calls = Recorder<Int>()
    private let then: @Sendable () -> Void

    init(of base: any MessageBroker, _ then: @escaping @Sendable () -> Void) { (self.base, self.then) = (base, then) }

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        let receipt = try await base.publish(messages, to: destination, options: options)
        if calls.add(messages.count) > 1 { return receipt }
        then()
        let lost = PublishFailure.Outcome.unknown(BrokerError(.timeout, "the confirmation was lost"))
        throw PublishFailure(Dictionary(uniqueKeysWithValues: messages.indices.map { ($0, lost) }), of: messages.count)
    }
}
