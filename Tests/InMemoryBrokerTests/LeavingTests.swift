import Messaging
import MessagingTesting
import Testing

@testable import InMemoryBroker

/// Whoever waits is told when what it waits for is gone, or has come to its end.
@Suite(.timeLimit(.minutes(1))) struct LeavingTests {
    let queue = Destination.queue("orders")
    let stream = Destination.stream("events")

    @Test(arguments: ["queue", "stream", "server"])
    func closeEndsAPublishThatWaits(for what: String) async throws {
        let bench = try await Bench(maximumMessages: 1)
        let destination = what == "stream" ? stream : queue
        try await bench.declare(destination)
        if what == "server" { bench.server.kill() } else { try await bench.publish(["full"], to: destination) }
        let publish = await bench.publishing("late", to: destination)
        await bench.broker.close(within: .seconds(1))
        #expect(try await bench.value(of: publish, "the publish")?.endReason == .closed)
    }

    @Test(arguments: [Destination.queue("orders"), .stream("events")])
    func deleteEndsAPublishThatWaits(for destination: Destination) async throws {
        let bench = try await Bench(maximumMessages: 1)
        try await bench.declare(destination)
        try await bench.publish(["full"], to: destination)
        let publish = await bench.publishing("late", to: destination)
        try await bench.broker.topology?.delete(destination)
        #expect(try await bench.value(of: publish, "the publish")?.code == .noSuchDestination)
    }

    @Test func deleteEndsAReaderThatWaits() async throws {
        let bench = try await Bench()
        try await bench.declare(stream)
        let reader = try #require(try await bench.broker.replay?.reader(of: stream, from: .latest, until: nil))
        let alarms = bench.time.alarmCount
        let receive = Task { try await reader.receive(upTo: 1, within: .seconds(600)) }
        #expect(await bench.time.waits(forAlarms: alarms + 1, within: .seconds(5)))
        try await bench.broker.topology?.delete(stream)
        let error = await failure { _ = try await bench.value(of: receive, "the end") }
        #expect(error?.endReason == .deleted)
    }

    @Test func purgeMakesRoomForAPublishThatWaits() async throws {
        let bench = try await Bench(maximumMessages: 1)
        try await bench.declare(queue)
        try await bench.publish(["full"], to: queue)
        let publish = await bench.publishing("late", to: queue)
        #expect(try await bench.broker.topology?.purge(queue) == 1)
        #expect(try await bench.value(of: publish, "the publish") == nil)
        #expect(try await bench.consumer(queue).drain() == ["late"])
    }

    @Test func aConsumerOfWhatDidNotSurviveACrashEnds() async throws {
        let bench = try await Bench()
        let other = InMemoryBroker(bench.server)
        try await other.connect { _ in }
        var scratch = DestinationDeclaration(queue)
        scratch.durable = false
        try await other.declare([scratch])
        let receive = try await bench.waiting(try await bench.consumer(queue))
        await other.close(within: .seconds(1))
        bench.server.kill()
        bench.server.start()
        let error = await failure { _ = try await bench.value(of: receive, "the end") }
        #expect(error?.endReason == .deleted)
        #expect(bench.events.list.contains { if case .ended("queue orders", _) = $0 { true } else { false } })
    }

    @Test func settlingEndsOneThatWaitsForIt() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { $0.groups["all"] = .init() }
        try await bench.publish(["last"], to: stream)
        let peer = try await bench.consumer(stream, group: "all")
        let held = try await peer.take()
        let receive = try await bench.waiting(try await bench.untilEnd(stream, group: "all"))
        #expect(await peer.settle(held[0].receipt, as: .accept) == .settled)
        let error = await failure { _ = try await bench.value(of: receive, "the end") }
        #expect(error?.endReason == .reachedEnd)
    }

    @Test(arguments: [true, false])
    func passingOverEndsOneThatWaitsForIt(filtered: Bool) async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { declaration in
            declaration.order = .perKey
            declaration.groups["all"] = .init(filter: HeaderFilter(["colour": "red"]))
        }
        try await bench.publish(["first"], to: stream) { $0.headers = ["colour": "red"] }
        try await bench.publish(["passed over"], to: stream) { message in
            message.headers = ["colour": filtered ? "blue" : "red"]
            if !filtered { message.expiration = bench.time.now + .seconds(1) }
        }
        // The one whose turn it is has a window of one, so that it passes over the second when it has settled the first.
        let peer = try await bench.consumer(stream, group: "all", window: 1)
        let held = try await peer.take()
        let receive = try await bench.waiting(try await bench.untilEnd(stream, group: "all"))
        bench.time.advance(by: .seconds(2))
        #expect(await peer.settle(held[0].receipt, as: .accept) == .settled)
        #expect(try await peer.take().isEmpty)
        let error = await failure { _ = try await bench.value(of: receive, "the end") }
        #expect(error?.endReason == .reachedEnd)
    }

    @Test func aReceiveThatGaveUpHandsOnWhatItWasWokenFor() async throws {
        let bench = try await Bench()
        try await bench.declare(queue)
        let (subscription, now, connection) = (Subscription(queue), bench.time.now, bench.broker.connection)
        let waiters = [Waiter<Void>(), Waiter<Void>()]
        let ids = bench.server.change { state, effects in
            waiters.compactMap { waiter in
                let id = state.subscribe(subscription, by: connection, cells: HoldCells(count: 1), &effects)
                guard case .success(let id) = id else { return Int?.none }
                _ = state.receive(id, upTo: 1, waiter: waiter, uptime: .zero, now: { now }, &effects)
                return id
            }
        }
        try await bench.publish(["one"], to: queue)
        let idle = bench.server.change { state, _ in ids.map { state.consumers[$0].isIdle } }
        let woken = try #require(idle.firstIndex(of: false))
        #expect(idle.count { $0 } == 1)
        bench.server.change { state, effects in state.stopWaiting(ids[woken], waiters[woken], &effects) }
        // False: it has been told already.
        #expect(!waiters[1 - woken].resolve(()))
    }
}

extension Bench {
    func untilEnd(_ destination: Destination, group: GroupName) async throws -> any MessageConsumer {
        try await broker.subscribe(Subscription(destination, group: group, until: .end, maxHold: .seconds(3600)))
    }
}
