import Messaging
import MessagingTesting
import Testing

@testable import InMemoryBroker

/// What a frozen server, a broken link and a silent connection do, step by step.
@Suite struct LinkTests {
    let queue = Destination.queue("orders")

    private func opened() async throws -> (bench: Bench, other: InMemoryBroker) {
        let bench = try await Bench()
        try await bench.declare(queue)
        // The short way past the server is open.
        try await bench.broker.publish(Message("before"), to: queue)
        let other = InMemoryBroker(bench.server)
        try await other.connect { _ in }
        return (bench, other)
    }

    /// Returns when so many calls wait for the server.
    private func waits(_ bench: Bench, for count: Int) async throws {
        for _ in 0..<5000 {
            if bench.server.state.withLock({ $0.waitingForServer.count }) >= count { return }
            try await SystemTime.shared.sleep(for: .milliseconds(1))
        }
        Issue.record("nothing waits for the server")
    }

    private func publish(_ body: String, by bench: Bench) -> Task<PublishFailure.Outcome?, Never> {
        Task {
            do throws(PublishFailure) {
                try await bench.broker.publish(Message(Body(body)), to: queue)
                return nil
            } catch { return error.outcomes[0] }
        }
    }

    @Test func aFrozenServerAnswersOnceItIsThawed() async throws {
        let (bench, _) = try await opened()
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        bench.server.freeze()
        let publishing = publish("frozen", by: bench)
        let settling = Task { await consumer.settle(held[0].receipt, as: .accept) }
        let declaring = Task { await failure { try await bench.declare(.queue("more")) } }
        try await waits(bench, for: 3)
        #expect(try await consumer.take().isEmpty)
        #expect(consumer.holds(held[0].receipt))
        bench.server.thaw()
        #expect(await publishing.value == nil)
        #expect(await settling.value == .settled)
        #expect(await declaring.value == nil)
        #expect(try await consumer.drain() == ["frozen"])
        #expect(bench.events.list == [.up])
    }

    @Test func aServerThatStaysFrozenIsLost() async throws {
        let (bench, _) = try await opened()
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        bench.server.freeze()
        let publishing = publish("frozen", by: bench)
        let settling = Task { await consumer.settle([ReceiptSettlement(held[0].receipt, .accept)]) }
        let subscribing = Task { await failure { _ = try await bench.consumer(queue) } }
        try await waits(bench, for: 3)
        bench.time.advance(by: .milliseconds(1499))
        #expect(await bench.broker.health().state == .connected)
        bench.time.advance(by: .milliseconds(1))
        guard case .unknown = await publishing.value else { return #expect(Bool(false), "not unknown") }
        #expect(await settling.value == [.stale])
        #expect(await subscribing.value?.code == .notConnected)
        #expect(await bench.broker.health().state == .disconnected)
        bench.server.thaw()
        let again = try await consumer.take()
        #expect(again.map { $0.message.body.text } == ["before"])
        #expect(again.map(\.attempt) == [2])
        #expect(bench.events.list.map(\.word) == ["up", "down", "up"])
    }

    @Test func whatAFrozenServerDoesNotAnswerInTimeIsUnknown() async throws {
        let (bench, _) = try await opened()
        bench.server.freeze()
        let outcome = await failureOf {
            try await bench.broker.publish(
                Message("late"), to: queue, options: PublishOptions(deadline: .zero))
        }
        guard case .unknown(let error) = outcome else { return #expect(Bool(false), "not unknown") }
        #expect(error.code == .timeout)
        let publishing = publish("cancelled", by: bench)
        try await waits(bench, for: 1)
        publishing.cancel()
        guard case .unknown(let error) = await publishing.value else { return #expect(Bool(false), "not unknown") }
        #expect(error.code == .cancelled)
        let stranger = InMemoryBroker(bench.server)
        let connecting = Task { await failure { try await stranger.connect { _ in } } }
        try await waits(bench, for: 1)
        bench.time.advance(by: .milliseconds(1500))
        #expect(await connecting.value?.code == .unavailable)
        bench.server.kill()
        bench.server.start()
        #expect(bench.events.list.map(\.word) == ["up", "down", "up"])
    }

    @Test func aCutConnectionComesUpByItself() async throws {
        let (bench, other) = try await opened()
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        bench.broker.cut()
        #expect(!consumer.holds(held[0].receipt))
        #expect(await consumer.settle(held[0].receipt, as: .accept) == .stale)
        // Another has it meanwhile, and publishing waits for the connection.
        let heir = try await other.subscribe(Subscription(queue))
        let taken = try await heir.take()
        #expect(taken.map(\.attempt) == [2])
        #expect(await heir.settle(taken[0].receipt, as: .accept) == .settled)
        let publishing = publish("after", by: bench)
        try await waits(bench, for: 1)
        bench.time.advance(by: .milliseconds(5))
        #expect(await publishing.value == nil)
        #expect(try await consumer.drain() == ["after"])
        #expect(bench.events.list.map(\.word) == ["up", "down", "up"])
    }

    @Test func aTornFrameIsThereOrNot() async throws {
        let (bench, other) = try await opened()
        bench.broker.cutWhileSending()
        guard case .unknown = await publish("torn on its way", by: bench).value else {
            return #expect(Bool(false), "not unknown")
        }
        bench.time.advance(by: .milliseconds(5))
        bench.broker.cutWhileReceiving()
        guard case .unknown = await publish("there", by: bench).value else {
            return #expect(Bool(false), "not unknown")
        }
        bench.time.advance(by: .milliseconds(5))
        let heir = try await other.subscribe(Subscription(queue))
        #expect(try await heir.drain() == ["before", "there"])
        let consumer = try await bench.consumer(queue)
        #expect(await publish("delivered", by: bench).value == nil)
        bench.broker.cutWhileReceiving()
        #expect(try await consumer.take().isEmpty)
        let delivered = try await heir.take()
        #expect(delivered.map(\.attempt) == [1])
        #expect(await heir.settle(delivered[0].receipt, as: .release) == .settled)
        bench.time.advance(by: .milliseconds(5))
        let held = try await consumer.take()
        bench.broker.cutWhileSending()
        #expect(await consumer.settle(held[0].receipt, as: .accept) == .stale)
        #expect(try await heir.take().map(\.attempt) == [2])
    }

    @Test func aBlackHoledConsumerKeepsNothingFromAnother() async throws {
        let (bench, other) = try await opened()
        let consumer = try await bench.consumer(queue)
        #expect(try await consumer.drain() == ["before"])
        let waiting = Task { try await consumer.receive(upTo: 1, within: .seconds(600)).map(\.message.body.text) }
        let heir = try await other.subscribe(Subscription(queue))
        let alarms = bench.time.alarmCount
        #expect(await bench.time.waits(forAlarms: alarms, within: .seconds(10)))
        bench.broker.blackHole()
        let hears = Task { try await heir.receive(upTo: 1, within: .seconds(600)).map(\.message.body.text) }
        #expect(await bench.time.waits(forAlarms: alarms + 2, within: .seconds(10)))
        try await other.publish(Message("for the other"), to: queue)
        #expect(try await hears.value == ["for the other"])
        bench.broker.restore()
        try await other.publish(Message("for both"), to: queue)
        let late = try await heir.take()
        if late.isEmpty { #expect(try await waiting.value == ["for both"]) } else { waiting.cancel() }
        #expect(bench.events.list == [.up])
    }

    @Test func anOrderedQueueGoesOnWithoutAConnectionThatIsLost() async throws {
        let (bench, other) = try await opened()
        let ordered = Destination.queue("ordered")
        try await bench.declare(ordered) { $0.order = .perKey }
        let first = try await bench.consumer(ordered)
        let second = try await other.subscribe(Subscription(ordered))
        try await bench.publish(["a"], to: ordered)
        #expect(try await second.take().isEmpty)
        bench.broker.refuse()
        #expect(try await second.drain() == ["a"])
        bench.broker.restore()
        try await bench.publish(["b"], to: ordered)
        #expect(try await first.take().isEmpty)
        #expect(try await second.drain() == ["b"])
    }

    @Test func aPatternIsReceivedFromAgain() async throws {
        let bench = try await Bench()
        try await bench.declare(.stream("orders.eu")) { $0.groups = ["g": .init()] }
        let pattern = try TopicPattern("orders.*", style: .amqp)
        let consumer = try await bench.broker.subscribe(Subscription(pattern, kind: .stream, group: "g"))
        bench.broker.refuse()
        bench.broker.restore()
        try await bench.publish(["a"], to: .stream("orders.eu"))
        #expect(try await consumer.drain() == ["a"])
    }

    @Test func aServerThatStopsInOrderUndoesNothing() async throws {
        for isKilled in [true, false] {
            let bench = try await Bench(settleLag: .seconds(10))
            try await bench.declare(queue)
            try await bench.publish(["a"], to: queue)
            let consumer = try await bench.consumer(queue)
            #expect(try await consumer.drain() == ["a"])
            if isKilled { bench.server.kill() } else { bench.server.stop() }
            bench.server.start()
            #expect(try await consumer.drain() == (isKilled ? ["a"] : []))
        }
    }

    @Test func aGapIsReportedOnce() async throws {
        let bench = try await Bench()
        let consumer = try await bench.consumer(.pubSub("news"))
        try await bench.broker.publish(Message("not taken"), to: .pubSub("news"))
        bench.broker.refuse()
        bench.broker.restore()
        try await bench.broker.publish(Message("heard"), to: .pubSub("news"))
        #expect(try await consumer.drain() == ["heard"])
        #expect(bench.events.list.map(\.word) == ["up", "down", "up", "gap"])
    }

    @Test(arguments: [79, 81]) func theSuiteCountsASettleLag(_ number: Int) async throws {
        let server = InMemoryServer(settleLag: .milliseconds(20), heartbeat: .milliseconds(100))
        let scenario = try #require(Scenario.numbered(number))
        let result = await BrokerConformance(InMemoryHarness(server)).run(scenario, kind: .queue)
        if case .failed(let violation) = result { Issue.record("\(violation.report)") }
    }

    private func failureOf(_ body: () async throws -> Void) async -> PublishFailure.Outcome? {
        do { try await body() } catch { return (error as? PublishFailure)?.outcomes[0] }
        return nil
    }
}

extension BrokerEvent {
    fileprivate var word: String {
        switch self {
        case .up: "up"
        case .down: "down"
        case .gap: "gap"
        default: "\(self)"
        }
    }
}
