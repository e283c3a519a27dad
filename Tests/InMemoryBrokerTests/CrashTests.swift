import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// What `kill()` loses, and what it keeps.
@Suite struct CrashTests {
    let queue = Destination.queue("orders")
    let stream = Destination.stream("orders")

    @Test func aCrashKeepsWhatWasConfirmedAndCountsWhatWasHeld() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a", "b", "c"], to: queue)
        let consumer = try await bench.consumer(queue)
        let held = try await consumer.take(2)
        bench.server.kill()
        #expect(!consumer.holds(held[0].receipt))
        #expect(await consumer.settle(held[0].receipt, as: .accept) == .stale)
        bench.server.start()
        let again = try await consumer.take()
        #expect(again.map { $0.message.body.text } == ["a", "b", "c"])
        #expect(again.map(\.attempt) == [2, 2, 1])
        #expect(bench.events.list.map(name) == ["up", "down", "up"])
    }

    @Test func aCrashDropsTransientMessagesAndDestinationsThatAreNotDurable() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.declare(.queue("scratch")) { $0.durable = false }
        try await bench.declare(stream) { $0.groups = ["g": .init()] }
        for destination in [queue, stream] {
            try await bench.publish(["kept"], to: destination)
            try await bench.publish(["gone"], to: destination) { $0.deliveryMode = .transient }
        }
        try await bench.publish(["gone"], to: .queue("scratch"))
        bench.server.kill()
        bench.server.start()
        #expect(try await bench.consumer(queue).drain() == ["kept"])
        #expect(try await bench.consumer(stream, group: "g").drain() == ["kept"])
        // What was declared is declared again, empty.
        #expect(try await bench.consumer(.queue("scratch")).drain() == [])
    }

    @Test func anotherConnectionDoesNotBringBackWhatIsNotDurable() async throws {
        let bench = try await Bench()
        let other = InMemoryBroker(bench.server)
        try await other.connect { _ in }
        try await other.declare([DestinationDeclaration(queue)])
        var scratch = DestinationDeclaration(.queue("scratch"))
        scratch.durable = false
        try await other.declare([scratch])
        await other.close(within: .seconds(1))
        bench.server.kill()
        bench.server.start()
        #expect(await failure { try await bench.publish(["x"], to: .queue("scratch")) }?.code == .noSuchDestination)
        #expect(await failure { try await bench.publish(["x"], to: queue) } == nil)
    }

    @Test func acceptancesYoungerThanTheSettleLagComeBack() async throws {
        let bench = try await Bench(settleLag: .seconds(1))
        try await bench.declare(queue)
        try await bench.declare(stream) { $0.groups = ["g": .init()] }
        for (destination, group) in [(queue, GroupName?.none), (stream, "g")] {
            try await bench.publish(["old", "young"], to: destination)
            let consumer = try await bench.consumer(destination, group: group)
            let deliveries = try await consumer.take()
            #expect(await consumer.settle(deliveries[0].receipt, as: .accept) == .settled)
            bench.time.advance(by: .seconds(2))
            #expect(await consumer.settle(deliveries[1].receipt, as: .accept) == .settled)
            bench.server.kill()
            bench.server.start()
            let again = try await consumer.take()
            #expect(again.map { $0.message.body.text } == ["young"])
            #expect(again.map(\.attempt) == [2])
            #expect(try await consumer.drain() == [])
            _ = await consumer.settle(again.map { ReceiptSettlement($0.receipt, .accept) })
            bench.time.advance(by: .seconds(2))
        }
        #expect(bench.broker.limits.settleLag == .seconds(1))
    }

    @Test func whileTheServerIsDownPublishWaitsUpToItsDeadline() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        bench.server.kill()
        #expect(await failure { try await bench.publish(["x"], to: queue) }?.code == .notConnected)
        let message = Message("late")
        async let published = bench.broker.publish(
            [message], to: queue, options: PublishOptions(deadline: .seconds(60)))
        while bench.time.nextAlarm == nil { await Task.yield() }
        bench.server.start()
        #expect(try await published.positions.isEmpty)
        #expect(try await bench.consumer(queue).drain() == ["late"])
    }

    @Test func aReceiveThatWaitsGoesOnAfterTheCrash() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        let consumer = try await bench.consumer(queue)
        async let received = consumer.receive(upTo: 1, within: .seconds(600))
        while bench.time.nextAlarm == nil { await Task.yield() }
        bench.server.kill()
        bench.server.start()
        try await bench.publish(["x"], to: queue)
        #expect(try await received.map { $0.message.body.text } == ["x"])
    }

    @Test func aProcessThatIsKilledGivesBackWhatItHeldCounted() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        try await bench.publish(["a", "b"], to: queue)
        let other = InMemoryBroker(bench.server)
        try await other.connect { _ in }
        let victim = try await other.subscribe(Subscription(queue))
        #expect(try await victim.take(1).count == 1)
        other.crash()
        #expect(try await bench.consumer(queue).take().map(\.attempt) == [2, 1])
        #expect(await failure { _ = try await victim.take() }?.endReason == .closed)
    }

    @Test func pubSubMissesWhatIsPublishedWhileItIsAwayAndSaysSo() async throws {
        let bench = try await Bench()
        let consumer = try await bench.consumer(.pubSub("news"))
        try await bench.publish(["lost"], to: .pubSub("news"))
        bench.server.kill()
        bench.server.start()
        try await bench.publish(["heard"], to: .pubSub("news"))
        #expect(try await consumer.drain() == ["heard"])
        #expect(bench.events.list.contains(.gap(subscription: "pubsub news", missed: nil)))
    }

    private func name(_ event: BrokerEvent) -> String {
        switch event {
        case .up: "up"
        case .down: "down"
        default: "\(event)"
        }
    }
}
