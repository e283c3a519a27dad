import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Priority, delay, order, capacity, bindings and administration of queues.
@Suite struct QueueTests {
    let queue = Destination.queue("orders")

    @Test func ofWhatWaitsTheHigherPriorityGoesFirstAndTheLowerGetsItsShare() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.maximumPriority = 10 }
        try await bench.publish(["low"], to: queue)
        try await bench.publish((0..<40).map { "high\($0)" }, to: queue) { $0.priority = 9 }
        let order = try await bench.consumer(queue).drain()
        let turn = try #require(order.firstIndex(of: "low"))
        #expect(turn > 0 && turn < 16)
        #expect(bench.broker.capabilities.priorityOrder == .fair(bound: 16))
        #expect(order.filter { $0 != "low" } == (0..<40).map { "high\($0)" })
    }

    @Test func aDelayIsAFloorAndDoesNotHoldUpOthers() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        for (body, delay) in [("long", 10), ("short", 1)] {
            try await bench.publish([body], to: queue) { $0.notBefore = bench.time.now + .seconds(delay) }
        }
        try await bench.publish(["now"], to: queue)
        let consumer = try await bench.consumer(queue)
        #expect(try await consumer.drain() == ["now"])
        bench.time.advance(by: .milliseconds(999))
        #expect(try await consumer.drain() == [])
        bench.time.advance(by: .milliseconds(1))
        #expect(try await consumer.drain() == ["short"])
        async let last = consumer.receive(upTo: 1, within: .seconds(3600))
        while bench.time.nextAlarm.map({ $0 > .seconds(10) }) ?? true { await Task.yield() }
        bench.time.advance(by: .seconds(9))
        #expect(try await last.map { $0.message.body.text } == ["long"])
    }

    @Test func aRetryWaitsOutsideTheWindow() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a", "b"], to: queue)
        let consumer = try await bench.consumer(queue, window: 1)
        let first = try await consumer.take()
        #expect(await consumer.settle(first[0].receipt, as: .retry(after: .seconds(5), failure: nil)) == .settled)
        #expect(try await consumer.drain() == ["b"])
        bench.time.advance(by: .seconds(5))
        let again = try await consumer.take()
        #expect(again.map(\.attempt) == [2])
    }

    @Test func holdsPastMaxHoldGoBackCounted() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        bench.time.advance(by: .seconds(3599))
        #expect(consumer.holds(held[0].receipt))
        bench.time.advance(by: .seconds(1))
        #expect(!consumer.holds(held[0].receipt))
        #expect(await consumer.settle(held[0].receipt, as: .accept) == .stale)
        #expect(try await consumer.take().map(\.attempt) == [2])
    }

    @Test func holdsOfAStoppedConsumerGoBackPastMaxHoldToo() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a"], to: queue)
        let stopped = try await bench.consumer(queue)
        #expect(try await stopped.take().count == 1)
        await stopped.stop()
        let other = try await bench.consumer(queue)
        bench.time.advance(by: .seconds(3600))
        #expect(try await other.take().map(\.attempt) == [2])
    }

    @Test func anOrderedQueueHasOneActiveConsumerAndTheNextTakesOverWhenItHoldsNothing() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.order = .perKey }
        try await bench.publish(["a", "b", "c"], to: queue) { $0.key = "k" }
        let active = try await bench.consumer(queue, window: 2)
        let standby = try await bench.consumer(queue)
        #expect(try await standby.take().isEmpty)
        let held = try await active.take()
        let refused = await active.settle(held[0].receipt, as: .retry(after: .zero, failure: nil))
        #expect({ if case .failed(let error) = refused { error.code == .unsupported } else { false } }())
        await active.stop()
        #expect(try await standby.take().isEmpty)
        #expect(await active.settle(held[0].receipt, as: .accept) == .settled)
        #expect(try await standby.take().isEmpty)
        await active.cancel()
        #expect(try await standby.drain() == ["b", "c"])
    }

    @Test func aRefusedMessageRefusesTheLaterOnesOfItsKeyWhereOrderIsKept() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.order = .perKey }
        func message(_ key: String, priority: UInt8 = 0) -> Message {
            var message = Message(Body(key), key: key)
            message.priority = priority
            return message
        }
        do {
            try await bench.broker.publish(
                [message("a"), message("b", priority: 11), message("b"), message("c")], to: queue)
            Issue.record("an illegal priority was accepted")
        } catch {
            #expect(error.outcomes.mapValues(\.error.code) == [1: .invalidArgument, 2: .orderKept])
        }
        #expect(try await bench.consumer(queue).drain() == ["a", "c"])
    }

    @Test func whereAllKeepOneOrderARefusedMessageRefusesEveryLaterOneAndOneConsumerReceives() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.order = .all }
        var bad = Message("b", key: "b")
        bad.priority = 11
        do {
            try await bench.broker.publish(
                [Message("a", key: "a"), bad, Message("c", key: "c"), Message("d")], to: queue)
            Issue.record("an illegal priority was accepted")
        } catch {
            #expect(error.outcomes.mapValues(\.error.code) == [1: .invalidArgument, 2: .orderKept, 3: .orderKept])
        }
        try await bench.publish(["e"], to: queue) { $0.key = "e" }
        let active = try await bench.consumer(queue)
        let held = try await active.take(1)
        #expect(try await bench.consumer(queue).take().isEmpty)
        let retried = await active.settle(held[0].receipt, as: .retry(after: .zero, failure: nil))
        #expect({ if case .failed(let error) = retried { error.code == .unsupported } else { false } }())
        _ = await active.settle(held[0].receipt, as: .release)
        #expect(try await active.drain() == ["a", "e"])
    }

    @Test func aFullQueueRefusesOrWaitsAsDeclared() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) {
            $0.maximumMessages = 2; $0.whenFull = .refuse
        }
        try await bench.declare(.queue("patient")) { $0.maximumMessages = 2 }
        #expect(await failure { try await bench.publish(["a", "b", "c"], to: queue) }?.code == .resourceExhausted)
        #expect(try await bench.consumer(queue).drain() == ["a", "b"])

        let messages = ["a", "b", "c", "d"].map { Message(Body($0)) }
        let (broker, patient) = (bench.broker, Destination.queue("patient"))
        async let published = broker.publish(messages, to: patient, options: PublishOptions(deadline: .seconds(60)))
        while bench.time.nextAlarm == nil { await Task.yield() }
        let consumer = try await bench.consumer(patient)
        var bodies: [String] = []
        while bodies.count < 4 {
            bodies += try await consumer.drain()
            await Task.yield()
        }
        #expect(bodies == ["a", "b", "c", "d"])
        _ = try await published
    }

    @Test func atItsDeadlineAFullQueueHasConfirmedWhatItTookAndRefusesTheRest() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.maximumBytes = 10 }
        do {
            try await bench.broker.publish(
                [Message("12345"), Message("12345"), Message("12345")], to: queue,
                options: PublishOptions(deadline: .zero))
            Issue.record("a full queue accepted")
        } catch {
            #expect(error.outcomes.mapValues(\.error.code) == [2: .resourceExhausted])
        }
        #expect(try await bench.consumer(queue).drain().count == 2)
    }

    @Test func bindingsCopyWhatIsPublishedElsewhereOrNothingOfIt() async throws {
        let bench = try await Bench()
        let pattern = try TopicPattern("news.#", style: .amqp)
        try await bench.declare(queue) {
            $0.bindings = [pattern]
            $0.maximumMessages = 2
        }
        try await bench.declare(.queue("news.sport"))
        try await bench.publish(["a"], to: .pubSub("news.weather"))
        try await bench.publish(["b"], to: .queue("news.sport"))
        #expect(await failure { try await bench.publish(["c"], to: .queue("news.sport")) }?.code == .resourceExhausted)
        #expect(try await bench.consumer(queue).drain() == ["a", "b"])
        #expect(try await bench.consumer(.queue("news.sport")).drain() == ["b"])
    }

    @Test func aDestinationThatIsBoundToItsOwnTopicGetsOneCopy() async throws {
        let bench = try await Bench()
        let pattern = try TopicPattern("#", style: .amqp)
        try await bench.declare(queue) { $0.bindings = [pattern] }
        try await bench.publish(["a"], to: queue)
        #expect(try await bench.consumer(queue).drain() == ["a"])
    }

    @Test func purgeRemovesWhatWaitsAndNothingThatIsHeldAndDeleteEndsItsConsumers() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a", "b", "c"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take(1)
        let topology = try #require(bench.broker.topology)
        #expect(try await topology.depth(of: queue, group: nil) == DestinationDepth(waiting: 2, held: 1, consumers: 1))
        #expect(try await topology.purge(queue) == 2)
        #expect(await consumer.settle(held[0].receipt, as: .release) == .settled)
        #expect(try await consumer.drain() == ["a"])
        try await topology.delete(queue)
        #expect(await failure { _ = try await consumer.take() }?.endReason == .deleted)
        #expect(await bench.broker.health().state == .degraded)
        #expect(await failure { try await topology.delete(queue) }?.code == .noSuchDestination)
    }

    @Test func theLimitsOfAProfileRefuse() async throws {
        let small = BrokerProfile(
            type: "small", scheme: "small", options: OptionGroup([]),
            capabilities: BrokerCapabilities([.queue: [.serve: .native, .retry: .native]]),
            limits: BrokerLimits().with {
                $0.maximumBodyBytes = 3; $0.headerGrammar = .line
            })
        let bench = try await Bench(profile: small)
        try await bench.declare(queue)
        #expect(await failure { try await bench.publish(["1234"], to: queue) }?.code == .tooLarge)
        #expect(
            await failure { try await bench.publish(["1"], to: queue) { $0.headers = ["a": "b\n"] } }?.code
                == .invalidArgument)
        #expect(await failure { try await bench.declare(.queue("p")) { $0.maximumPriority = 3 } }?.code == .unsupported)
        #expect(await failure { try await bench.declare(.stream("s")) }?.code == .unsupported)
    }

    @Test func noDurationIsTooLong() async throws {
        let bench = try await Bench()
        try await bench.declare(queue) { $0.maximumMessages = 1 }
        try await bench.publish(["a"], to: queue)
        let endless = Duration(attoseconds: .max)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.receive(upTo: 1, within: endless)
        #expect(await consumer.settle(held[0].receipt, as: .retry(after: endless, failure: nil)) == .settled)
        let waiting = Task { try await consumer.receive(upTo: 1, within: endless) }
        let broker = bench.broker
        let full = Task {
            try await broker.publish(Message("b"), to: queue, options: PublishOptions(deadline: endless))
        }
        await bench.time.waits(forAlarms: 3, within: .seconds(10))
        waiting.cancel()
        full.cancel()
        #expect(await failure { _ = try await waiting.value }?.code == .cancelled)
        #expect(await failure { _ = try await full.value }?.code == .cancelled)
    }
}
