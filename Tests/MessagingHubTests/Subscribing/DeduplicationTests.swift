import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// What a hub does with messages that come twice, and with a store that fails.
@Suite(.timeLimit(.minutes(5))) struct DeduplicationTests {
    private func fixture(
        _ time: any TimeSource = SystemTime.shared, _ store: (any DeduplicationStore)? = nil,
        logLevel: LogRecord.Level = .warning, _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> HubFixture {
        var fixture = HubFixture(time: time, logLevel: logLevel)
        fixture.environment.deduplication = store
        try fixture.route("orders") { route in
            route.deduplicate = DeduplicationPolicy()
            edit(&route)
        }
        return fixture
    }

    @Test("S4-48 a message of the same id is handled once, and its duplicates are accepted and counted")
    func handledOnce() async throws {
        let fixture = try fixture(logLevel: .debug)
        let (runs, message) = (Recorder<MessageID>(), Message("order"))
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { runs.add($0.message.id) }
            for _ in 0..<3 { try await hub.publish(message, to: "orders") }
            try await hub.publish(Message("other"), to: "orders")
            try await eventually("two duplicates") { hub.metrics().duplicates == 2 }
            try await eventually("two runs") { hub.metrics().handled == 2 }
        }
        #expect(runs.count == 2 && Set(runs.all).count == 2)
        #expect(try await fixture.depth(of: "orders") == 0)
        #expect(fixture.log.records.filter { $0.message == "duplicate accepted" }.count == 2)
    }

    @Test("A route that says nothing handles a message as often as it comes")
    func off() async throws {
        var fixture = HubFixture()
        try fixture.route("orders")
        let (runs, message) = (Recorder<MessageID>(), Message())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { runs.add($0.message.id) }
            for _ in 0..<3 { try await hub.publish(message, to: "orders") }
            try await eventually("three runs") { hub.metrics().handled == 3 }
            #expect(hub.metrics().duplicates == 0)
        }
        #expect(runs.count == 3)
    }

    @Test("A message is handled again once its window is over, or when newer ones have taken its place")
    func window() async throws {
        let time = VirtualTime()
        let fixture = try fixture(time) { $0.deduplicate = DeduplicationPolicy(window: .seconds(60), maximumKeys: 1) }
        let (runs, first) = (Recorder<MessageID>(), Message())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { runs.add($0.message.id) }
            func publish(_ message: Message, handled: Int, known: Int) async throws {
                try await hub.publish(message, to: "orders")
                try await eventually("\(handled) handled, \(known) known") {
                    hub.metrics().handled == handled && hub.metrics().duplicates == known
                }
            }
            try await publish(first, handled: 1, known: 0)
            try await publish(first, handled: 1, known: 1)
            try await publish(Message(), handled: 2, known: 1)
            try await publish(first, handled: 3, known: 1)
            try await publish(first, handled: 3, known: 2)
            time.advance(by: .seconds(60))
            try await publish(first, handled: 4, known: 2)
        }
        #expect(runs.count == 4)
    }

    @Test(
        "A failed run frees its key: its retry is no duplicate",
        arguments: [DestinationDeclaration.Order.none, .perKey])
    func retried(order: DestinationDeclaration.Order) async throws {
        let time = VirtualTime()
        let store = ScriptedStore(on: time)
        let fixture = try fixture(time, store) { route in
            route.order = order
            route.retry = RetryPolicy(attempts: 5, delay: .seconds(1))
        }
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { if runs.add($0.attempt) < 3 { throw Failing() } }
            try await hub.publish(Message(key: "k"), to: "orders")
            try await advancing(time, until: "handled") { hub.metrics().handled == 1 }
            #expect(hub.metrics().duplicates == 0)
        }
        #expect(runs.all == [1, 2, 3])
        #expect(store.calls.all.filter { $0 != .renew } == [.begin, .free, .begin, .free, .begin, .finish])
    }

    @Test("A run that took too long frees its key; one that returned though its time was up is done")
    func timedOut() async throws {
        let time = VirtualTime()
        let store = ScriptedStore(on: time)
        let fixture = try fixture(time, store) { route in
            route.timeout = .seconds(5)
            route.retry = RetryPolicy(attempts: 5, delay: .seconds(1))
        }
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { delivery in
                switch runs.add(delivery.attempt) {
                case 1: try await time.sleep(for: .seconds(3600))
                default: try? await time.sleep(for: .seconds(3600))
                }
            }
            try await hub.publish(Message(), to: "orders")
            try await advancing(time, by: .milliseconds(500), until: "handled") { hub.metrics().handled == 1 }
        }
        #expect(runs.all == [1, 2])
        #expect(store.calls.all.filter { $0 != .renew } == [.begin, .free, .begin, .finish])
    }

    @Test("A key is done only when what the handler sends on is confirmed")
    func forwarded() async throws {
        let time = VirtualTime()
        let store = ScriptedStore(on: time)
        var fixture = try fixture(time, store) { $0.retry = RetryPolicy(attempts: 5, delay: .seconds(1)) }
        try fixture.route("bills")
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(forwardingFrom: "orders") { delivery in
                let isFirst = runs.add(delivery.attempt) == 1
                return [ForwardedMessage(Message("bill"), to: isFirst ? "nowhere" : "bills")]
            }
            try await hub.publish(Message(), to: "orders")
            try await advancing(time, until: "handled") { hub.metrics().handled == 1 }
        }
        #expect(store.calls.all.filter { $0 != .renew } == [.begin, .free, .begin, .finish])
        #expect(try await fixture.depth(of: "bills") == 1)
    }

    @Test("What its shutdown has interrupted is freed, and a copy that waits goes back")
    func interrupted() async throws {
        let store = ScriptedStore()
        var fixture = try fixture(SystemTime.shared, store)
        fixture.configuration.grace = .zero
        let message = Message()
        try await fixture.run { hub in
            let runs = Recorder<Int>()
            try await hub.subscribe(to: "orders") { _ in
                runs.add(1)
                try await Task.sleep(for: .seconds(3600))
            }
            for _ in 0..<2 { try await hub.publish(message, to: "orders") }
            try await eventually("a run, and a copy that waits") { store.count(.begin) >= 2 && runs.count == 1 }
        }
        #expect((store.memory.leaseCount, store.memory.doneCount) == (0, 0))
        #expect(try await fixture.depth(of: "orders") == 2)
    }

    @Test("A copy that waits for its original takes no worker, and is known as soon as that is done")
    func waitsAside() async throws {
        let fixture = try fixture { $0.concurrency = 2 }
        let (message, isOver, runs) = (Message("slow"), Observed(false), Recorder<String>())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { delivery in
                runs.add(delivery.message.body.text ?? "")
                if delivery.message.id == message.id { _ = await isOver.first(within: .seconds(60)) { $0 } }
            }
            for _ in 0..<20 { try await hub.publish(message, to: "orders") }
            for _ in 0..<20 { try await hub.publish(Message("quick"), to: "orders") }
            try await eventually("the others") { hub.metrics().handled == 20 }
            #expect(hub.metrics().duplicates == 0)
            isOver.change { $0 = true }
            try await eventually("the copies", within: .seconds(30)) { hub.metrics().duplicates == 19 }
        }
        #expect(runs.all.filter { $0 == "slow" }.count == 1)
        #expect(try await fixture.depth(of: "orders") == 0)
    }

    @Test("On an ordered route a message whose copy is handled elsewhere waits, and nothing of its key passes it")
    func ordered() async throws {
        let (time, isElsewhere) = (VirtualTime(), Observed(true))
        let store = ScriptedStore(on: time) { $0 == .begin && isElsewhere.value ? .busy(for: .seconds(60)) : nil }
        let fixture = try fixture(time, store) { $0.order = .perKey }
        let runs = Recorder<String>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { runs.add("\($0.message.body.text ?? "") \($0.attempt)") }
            for number in 1...3 { try await hub.publish(Message(Body("\(number)"), key: "k"), to: "orders") }
            try await advancing(time, until: "it was asked for again") { store.count(.begin) >= 5 }
            #expect(runs.count == 0)
            isElsewhere.change { $0 = false }
            try await advancing(time, until: "all") { hub.metrics().handled == 3 }
        }
        #expect(runs.all == ["1 1", "2 1", "3 1"])
    }

    @Test("While the store fails no message is run, lost or called a duplicate; an alarm stands, no attempt is charged")
    func storeFails() async throws {
        let (time, isDown) = (VirtualTime(), Observed(true))
        let store = ScriptedStore(on: time) { _ in
            if isDown.value { throw Failing(description: "the store is away") }
            return nil
        }
        let fixture = try fixture(time, store, logLevel: .info)
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { runs.add($0.attempt) }
            for _ in 0..<5 { try await hub.publish(Message(), to: "orders") }
            try await advancing(time, until: "some tries") { hub.metrics().deduplicationFailed >= 20 }
            #expect(runs.count == 0)
            let alarm = await hub.health().alarms.values.first
            #expect(alarm == "the deduplication store of route orders fails: the store is away")
            isDown.change { $0 = false }
            try await advancing(time, until: "all of them") { hub.metrics().handled == 5 }
            #expect(await hub.health().alarms.isEmpty)
            #expect(hub.metrics().duplicates == 0 && hub.metrics().deadLettered == 0)
        }
        #expect(runs.all == [1, 1, 1, 1, 1])
        let said = fixture.log.records.map(\.message).filter { $0.hasPrefix("deduplication store") }
        #expect(said == ["deduplication store fails; messages wait for it", "deduplication store answers again"])
    }

    @Test("What was done and could not be marked is accepted, and marked as soon as the store can")
    func markedLater() async throws {
        let (time, isDown) = (VirtualTime(), Observed(true))
        let store = ScriptedStore(on: time) { call in
            if call == .finish, isDown.value { throw Failing() }
            return nil
        }
        let fixture = try fixture(time, store)
        let (runs, message) = (Recorder<Int32>(), Message())
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { runs.add($0.attempt) }
            try await hub.publish(message, to: "orders")
            try await eventually("accepted") { hub.metrics().handled == 1 }
            isDown.change { $0 = false }
            try await advancing(time, by: .seconds(1), until: "marked") { store.memory.doneCount == 1 }
            try await hub.publish(message, to: "orders")
            try await advancing(time, until: "known") { hub.metrics().duplicates == 1 }
        }
        #expect(runs.all == [1])
    }

    @Test("Leases are renewed while a handler works, every third of a lease; a lost one is counted and logged once")
    func renewed() async throws {
        let (time, isLost, isOver) = (VirtualTime(), Observed(false), Observed(false))
        let store = ScriptedStore(on: time) { $0 == .renew && isLost.value ? .done : nil }
        let fixture = try fixture(time, store)
        try await fixture.run { hub in
            let runs = Recorder<Int>()
            try await hub.subscribe(to: "orders") { _ in
                runs.add(1)
                _ = await isOver.first(within: .seconds(60)) { $0 }
            }
            try await hub.publish(Message(), to: "orders")
            try await eventually("it runs") { runs.count == 1 }
            let start = time.uptime
            try await advancing(time, by: .seconds(1), until: "six renewals") { store.count(.renew) == 6 }
            #expect(time.uptime - start >= .seconds(100) && time.uptime - start <= .seconds(125))
            isLost.change { $0 = true }
            try await advancing(time, by: .seconds(1), until: "it is lost") { hub.metrics().deduplicationFailed == 1 }
            isOver.change { $0 = true }
            try await eventually("handled") { hub.metrics().handled == 1 }
        }
        let said = fixture.log.records.map(\.message)
        #expect(said.filter { $0 == "lease lost while its handler runs; another may run it too" }.count == 1)
    }

    @Test("In a test hub a duplicate settles at once")
    func testHub() async throws {
        var route = RouteConfiguration(TopicPattern("orders" as Topic), to: "main", as: .queue)
        route.deduplicate = DeduplicationPolicy()
        let configuration = HubConfiguration(brokers: ["main": .init(.inMemory)], routes: ["orders": route])
        try await withTestHub(configuration) { test in
            let (message, time) = (Message(), test.time)
            try await test.hub.subscribe(to: "orders") { _ in try await time.sleep(for: .seconds(300)) }
            try await test.publish(message, to: "orders")
            try await test.publish(message, to: "orders")
            try await test.advance(by: .seconds(301))
            try test.topic("orders").requireHandled(1)
            #expect(test.hub.metrics().duplicates == 1)
            #expect(test.unsettledCount == 0)
        }
    }
}
