import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// What is there stays where it belongs, whatever is deleted, forwarded, ended or killed.
@Suite struct AccountTests {
    @Test func aPublishToADeletedQueueReachesNoOther() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("first"))
        let options = PublishOptions(deadline: .zero)
        try await bench.broker.publish(Message("a"), to: .queue("first"), options: options)
        try await bench.broker.topology?.delete(.queue("first"))
        try await bench.declare(.queue("second"))
        let error = await failure {
            try await bench.broker.publish(Message("b"), to: .queue("first"), options: options)
        }
        #expect(error?.code == .noSuchDestination)
        #expect(try await bench.depth(of: .queue("second")) == 0)
    }

    @Test(arguments: [true, false]) func aForwardOfSeveralToAStreamIsAllOrNothing(byCount: Bool) async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        try await bench.declare(.stream("events")) { declaration in
            declaration.groups["all"] = .init(start: .earliest)
            if byCount { declaration.maximumMessages = 1 } else { declaration.maximumBytes = 10 }
        }
        try await bench.publish(["order"], to: .queue("orders"))
        let consumer = try await bench.consumer(.queue("orders"))
        let delivery = try #require(try await consumer.take().first)
        let outgoing = [
            Outgoing(Message("12345678"), to: .stream("events")), Outgoing(Message("12345678"), to: .stream("events")),
        ]
        let outcome = await consumer.settle(delivery.receipt, as: .forward(outgoing))
        guard case .failed(let error) = outcome else {
            Issue.record("settled, though there is room for one of two: \(outcome)")
            return
        }
        #expect(error.code == .resourceExhausted)
        #expect(consumer.holds(delivery.receipt))
        #expect(try await bench.depth(of: .stream("events"), group: "all") == 0)
    }

    @Test(arguments: [true, false]) func aForwardToWhereItIsFitsInItsOwnPlace(byCount: Bool) async throws {
        let bench = try await Bench()
        let queue = Destination.queue("orders")
        try await bench.declare(queue) { if byCount { $0.maximumMessages = 1 } else { $0.maximumBytes = 5 } }
        try await bench.publish(["again"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        let copy = Outgoing(held[0].message, to: queue)
        let outcome = await consumer.settle(held[0].receipt, as: .forward([copy, copy]))
        #expect({ if case .failed(let error) = outcome { error.code == .resourceExhausted } else { false } }())
        #expect(consumer.holds(held[0].receipt))
        #expect(await consumer.settle(held[0].receipt, as: .forward([copy])) == .settled)
        #expect(await failure { try await bench.publish(["other"], to: queue) }?.code == .resourceExhausted)
        #expect(try await consumer.drain() == ["again"])
        try await bench.publish(["other"], to: queue)
    }

    @Test func aDiscardToWhereItIsFitsInItsOwnPlace() async throws {
        let bench = try await Bench()
        let queue = Destination.queue("orders")
        try await bench.declare(queue) {
            $0.maximumMessages = 1; $0.deadLetters = .broker(queue)
        }
        try await bench.publish(["again"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take()
        #expect(await consumer.settle(held[0].receipt, as: .discard(reason: "no use")) == .settled)
        #expect(try await consumer.drain() == ["again"])
    }

    @Test func aCrashUndoesTheAcceptanceOfAForwardAndNotWhatItPublished() async throws {
        let bench = try await Bench(settleLag: .seconds(1))
        try await bench.declare(.queue("orders"))
        try await bench.declare(.queue("dead"))
        try await bench.publish(["order"], to: .queue("orders"))
        let consumer = try await bench.consumer(.queue("orders"))
        let held = try await consumer.take()
        let forward = Settlement.forward([Outgoing(held[0].message, to: .queue("dead"))])
        #expect(await consumer.settle(held[0].receipt, as: forward) == .settled)
        bench.server.kill()
        bench.server.start()
        #expect(try await consumer.take().map(\.attempt) == [2])
        #expect(try await bench.depth(of: .queue("dead")) == 1)
    }

    @Test func depthCountsWhoListensToATopicAndSaysWhatAStreamNeeds() async throws {
        let bench = try await Bench()
        let (live, other) = (
            try await bench.consumer(.pubSub("live")), try await bench.consumer(.pubSub("other"))
        )
        let all = try await bench.broker.subscribe(Subscription(TopicPattern("#", style: .amqp), kind: .pubSub))
        await other.stop()
        let topology = try #require(bench.broker.topology)
        #expect(try await topology.depth(of: .pubSub("live"), group: nil).consumers == 2)
        #expect(try await topology.depth(of: .pubSub("other"), group: nil).consumers == 1)
        try await bench.declare(.stream("events"))
        let nameless = await failure { _ = try await topology.depth(of: .stream("events"), group: nil) }
        #expect(nameless?.code == .invalidArgument)
        #expect(nameless?.sentence == "each group of stream events has a depth; name one")
        let unknown = await failure { _ = try await topology.depth(of: .stream("events"), group: "all") }
        #expect(unknown?.code == .noSuchDestination)
        #expect(unknown?.sentence == "group all of stream events does not exist; declare it")
        withExtendedLifetime((live, all)) {}
    }

    @Test func whatHasEndedIsNotCreditedWithWhatFollowsInItsPlace() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("first"))
        let ended = try await bench.consumer(.queue("first"))
        try await bench.broker.topology?.delete(.queue("first"))
        try await bench.declare(.queue("second"))
        try await bench.publish(["old"], to: .queue("second")) { $0.expiration = bench.time.now + .seconds(1) }
        bench.time.advance(by: .seconds(1))
        let next = try await bench.consumer(.queue("second"))
        #expect(try await next.take().isEmpty)
        #expect(await bench.broker.health().subscriptions.map(\.expired) == [0, 1])
        withExtendedLifetime(ended) {}
    }

    @Test func aForwardWhoseBoundCopyHasNoRoomIsAllOrNothing() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        try await bench.declare(.queue("events.a"))
        let pattern = try TopicPattern("events.*", style: .amqp)
        try await bench.declare(.queue("copies")) { declaration in
            declaration.bindings = [pattern]
            declaration.maximumMessages = 1
        }
        try await bench.publish(["full"], to: .queue("copies"))
        try await bench.publish(["order"], to: .queue("orders"))
        let consumer = try await bench.consumer(.queue("orders"))
        let delivery = try #require(try await consumer.take().first)
        let outcome = await consumer.settle(
            delivery.receipt, as: .forward([Outgoing(Message("event"), to: .queue("events.a"))]))
        guard case .failed = outcome else {
            Issue.record("settled, though a copy has no room: \(outcome)")
            return
        }
        #expect(consumer.holds(delivery.receipt))
        #expect(try await bench.depth(of: .queue("events.a")) == 0)
    }

    @Test func whatIsHeldBeyondTheEndGoesBackWhenTheConsumerLeaves() async throws {
        let bench = try await Bench()
        try await bench.declare(.stream("events")) { $0.groups["all"] = .init(start: .earliest) }
        try await bench.publish(["before"], to: .stream("events"))
        let subscription = Subscription(.stream("events"), group: "all", until: .end, maxHold: .seconds(3600))
        let consumer = try await bench.broker.subscribe(subscription)
        try await bench.publish(["after"], to: .stream("events"))
        let deliveries = try await consumer.take()
        #expect(deliveries.count == 2)
        _ = await consumer.settle(deliveries[0].receipt, as: .accept)
        #expect(await failure { _ = try await consumer.take() }?.endReason == .reachedEnd)
        await consumer.cancel()
        let next = try await bench.consumer(.stream("events"), group: "all")
        let again = try await next.take()
        #expect(again.map(\.message.body.text) == ["after"])
        #expect(again.map(\.attempt) == [1])
    }

    @Test func aSubscriptionUntilTheEndEndsThoughMoreIsPublished() async throws {
        let bench = try await Bench()
        try await bench.declare(.stream("events")) { $0.groups["all"] = .init(start: .earliest) }
        try await bench.publish(["before"], to: .stream("events"))
        let subscription = Subscription(.stream("events"), group: "all", until: .end, maxHold: .seconds(3600))
        let consumer = try await bench.broker.subscribe(subscription)
        let delivery = try #require(try await consumer.take().first)
        try await bench.publish(["after"], to: .stream("events"))
        _ = await consumer.settle(delivery.receipt, as: .accept)
        #expect(await failure { _ = try await consumer.take() }?.endReason == .reachedEnd)
    }

    @Test func oneThatEndedLeavesTheTurnOfAnOrderedGroupToOthers() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("other"))
        try await bench.declare(.stream("events")) { declaration in
            declaration.order = .perKey
            declaration.groups["all"] = .init(start: .earliest)
        }
        try await bench.endAtOnce(.stream("events"), group: "all")
        let stranger = try await bench.consumer(.queue("other"))
        let next = try await bench.consumer(.stream("events"), group: "all")
        try await bench.publish(["event"], to: .stream("events"))
        #expect(try await next.drain() == ["event"])
        await stranger.cancel()
    }

    @Test func anAcceptanceOfADeletedQueueComesBackNowhere() async throws {
        let bench = try await Bench(settleLag: .seconds(10))
        try await bench.declare(.queue("first"))
        try await bench.publish(["a"], to: .queue("first"))
        let consumer = try await bench.consumer(.queue("first"))
        #expect(try await consumer.drain() == ["a"])
        try await bench.broker.topology?.delete(.queue("first"))
        try await bench.declare(.queue("second"))
        bench.server.kill()
        bench.server.start()
        #expect(try await bench.depth(of: .queue("second")) == 0)
    }

    @Test func aTransientMessageThatAGroupHeldIsGoneWithTheServer() async throws {
        let bench = try await Bench()
        try await bench.declare(.stream("events")) { $0.groups["all"] = .init(start: .earliest) }
        try await bench.publish(["transient"], to: .stream("events")) { $0.deliveryMode = .transient }
        let consumer = try await bench.consumer(.stream("events"), group: "all")
        #expect(try await consumer.take().count == 1)
        bench.server.kill()
        bench.server.start()
        #expect(try await consumer.take().isEmpty)
    }

    @Test func aDeclarationThatCannotBeRepeatedKeepsNoOtherFromIt() async throws {
        let bench = try await Bench()
        for name in ["a", "b", "c", "d"] {
            try await bench.declare(.queue(Topic(unchecked: name))) { $0.durable = false }
        }
        try await bench.declare(.stream("events")) { $0.durable = false }
        try await bench.publish(["event"], to: .stream("events"))
        try await bench.declare(.stream("events")) { declaration in
            declaration.durable = false
            declaration.groups["late"] = .init(start: .position(Position(major: 1)))
        }
        bench.server.kill()
        bench.server.start()
        for name in ["a", "b", "c", "d"] { try await bench.publish([name], to: .queue(Topic(unchecked: name))) }
    }

    @Test func aPositionOfAnotherBrokerIsRefused() async throws {
        let bench = try await Bench()
        let position = try #require(Position("0/16B3748"))
        let error = await failure {
            try await bench.declare(.stream("events")) { $0.groups["all"] = .init(start: .position(position)) }
        }
        #expect(error?.code == .invalidArgument)
    }
}

extension Bench {
    func depth(of destination: Destination, group: GroupName? = nil) async throws -> Int? {
        try await broker.topology?.depth(of: destination, group: group).waiting
    }

    /// A subscription until the end of what is empty, ended and let go.
    func endAtOnce(_ destination: Destination, group: GroupName) async throws {
        let subscription = Subscription(destination, group: group, until: .end, maxHold: .seconds(3600))
        let consumer = try await broker.subscribe(subscription)
        #expect(await failure { _ = try await consumer.take() }?.endReason == .reachedEnd)
    }
}
