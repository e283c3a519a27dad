import Messaging
import MessagingTesting
import Testing

@testable import InMemoryBroker

/// Whoever waits is woken when there is something for it, and only then.
@Suite(.timeLimit(.minutes(1))) struct WakingTests {
    @Test func settlingOpensAWindowThatWasTooSmallInBytes() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        let consumer = try await bench.consumer(.queue("orders"), windowBytes: 100)
        try await bench.publish(
            [String(repeating: "a", count: 60), String(repeating: "b", count: 60)], to: .queue("orders"))
        let first = try await consumer.take()
        #expect(first.count == 1)
        let receive = try await bench.waiting(consumer)
        _ = await consumer.settle(first[0].receipt, as: .accept)
        #expect(try await bench.value(of: receive, "the second message").count == 1)
    }

    @Test func eachMessageWakesAnotherAsLongAsOneWaits() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        var consumers: [any MessageConsumer] = []
        var receives: [Task<[Delivery], any Error>] = []
        for _ in 0..<4 {
            consumers.append(try await bench.consumer(.queue("orders")))
            receives.append(try await bench.waiting(consumers[consumers.count - 1], upTo: 1))
        }
        // Nobody who has received comes back.
        for body in ["a", "b", "c", "d"] { try await bench.broker.publish(Message(Body(body)), to: .queue("orders")) }
        var bodies: Set<String> = []
        for receive in receives {
            bodies.formUnion(try await bench.value(of: receive, "a message").compactMap(\.message.body.text))
        }
        #expect(bodies == ["a", "b", "c", "d"])
    }

    @Test func whatDoesNotFitIntoTheWindowOfOneGoesToAnother() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        let large = String(repeating: "a", count: 60)
        let full = try await bench.consumer(.queue("orders"), windowBytes: 100)
        try await bench.publish([large], to: .queue("orders"))
        #expect(try await full.take().count == 1)
        let free = try await bench.consumer(.queue("orders"), windowBytes: 100)
        let (first, second) = (try await bench.waiting(full), try await bench.waiting(free))
        try await bench.publish([large], to: .queue("orders"))
        #expect(try await bench.value(of: second, "the message").count == 1)
        await full.stop()
        _ = await first.result
    }

    @Test func aDelayedMessageWakesOneWhoStillWaitsAtItsTime() async throws {
        for leaving in 0..<2 {
            let bench = try await Bench()
            try await bench.declare(.queue("orders"))
            let consumers = [try await bench.consumer(.queue("orders")), try await bench.consumer(.queue("orders"))]
            let receives = [try await bench.waiting(consumers[0]), try await bench.waiting(consumers[1])]
            let alarms = bench.time.alarmCount
            try await bench.publish(["later"], to: .queue("orders")) { $0.notBefore = bench.time.now + .seconds(1) }
            #expect(await bench.time.waits(forAlarms: alarms + 1, within: .seconds(5)))
            receives[leaving].cancel()
            _ = await receives[leaving].result
            bench.time.advance(by: .seconds(2))
            #expect(try await bench.value(of: receives[1 - leaving], "the delayed message").count == 1)
        }
    }

    @Test func aDueMessageIsNoBusyLoopWhileTheServerIsDown() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        let consumer = try await bench.consumer(.queue("orders"))
        try await bench.publish(["later"], to: .queue("orders")) { $0.notBefore = bench.time.now + .seconds(1) }
        let receive = try await bench.waiting(consumer)
        bench.server.kill()
        bench.time.advance(by: .seconds(2))
        let alarms = bench.time.alarmCount
        #expect(await !bench.time.waits(forAlarms: alarms + 50, within: .milliseconds(300)))
        bench.server.start()
        #expect(try await bench.value(of: receive, "the delayed message").count == 1)
    }

    @Test func whatExpiresInAFullQueueMakesRoomByItself() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders")) { $0.maximumMessages = 3 }
        try await bench.publish(["keeps"], to: .queue("orders"))
        try await bench.publish(["old"], to: .queue("orders")) { $0.expiration = bench.time.now + .seconds(1) }
        try await bench.publish(["delayed"], to: .queue("orders")) {
            $0.expiration = bench.time.now + .seconds(2)
            $0.notBefore = bench.time.now + .seconds(1)
        }
        let first = await bench.publishing("new", to: .queue("orders"))
        bench.time.advance(by: .seconds(1))
        #expect(try await bench.value(of: first, "the publish") == nil)
        #expect(await failure { try await bench.publish(["no"], to: .queue("orders")) }?.code == .resourceExhausted)
        bench.time.advance(by: .seconds(1))
        try await bench.publish(["newer"], to: .queue("orders"))
        let consumer = try await bench.consumer(.queue("orders"))
        #expect(try await consumer.drain() == ["keeps", "new", "newer"])
        #expect(await bench.broker.health().subscriptions.map(\.expired) == [2])
    }

    @Test func aFullQueueIsNotLookedThroughForEveryPublish() async throws {
        let bench = try await Bench()
        let queue = Destination.queue("orders")
        try await bench.declare(queue) { $0.maximumMessages = 2 }
        for expiration in [1000, 1050] {
            try await bench.publish(["\(expiration)"], to: queue) {
                $0.expiration = bench.time.now + .milliseconds(expiration)
            }
        }
        bench.time.advance(by: .milliseconds(1000))
        try await bench.publish(["a"], to: queue)
        bench.time.advance(by: .milliseconds(99))
        #expect(await failure { try await bench.publish(["b"], to: queue) }?.code == .resourceExhausted)
        bench.time.advance(by: .milliseconds(1))
        try await bench.publish(["b"], to: queue)
        #expect(try await bench.consumer(queue).drain() == ["a", "b"])
    }

    @Test(arguments: [true, false]) func whatComesBackExpiredMakesRoom(released: Bool) async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders")) { $0.maximumMessages = 1 }
        try await bench.publish(["old"], to: .queue("orders")) { $0.expiration = bench.time.now + .seconds(1) }
        let consumer = try await bench.consumer(.queue("orders"))
        let held = try await consumer.take()
        bench.time.advance(by: .seconds(2))
        let publish = await bench.publishing("new", to: .queue("orders"))
        let back: Settlement = released ? .release : .retry(after: .zero, failure: nil)
        #expect(await consumer.settle(held[0].receipt, as: back) == .settled)
        // A full queue was looked through just before.
        bench.time.advance(by: .milliseconds(100))
        #expect(try await bench.value(of: publish, "the publish") == nil)
        #expect(try await consumer.drain() == ["new"])
    }

    @Test func whatAGroupFindsExpiredMakesRoomForPublishersThatWait() async throws {
        let bench = try await Bench()
        let stream = Destination.stream("events")
        try await bench.declare(stream) { declaration in
            declaration.maximumMessages = 1
            declaration.groups["all"] = .init()
        }
        try await bench.publish(["old"], to: stream) { $0.expiration = bench.time.now + .seconds(1) }
        let publish = await bench.publishing("new", to: stream)
        bench.time.advance(by: .seconds(2))
        let consumer = try await bench.consumer(stream, group: "all")
        #expect(try await consumer.take().isEmpty)
        #expect(try await bench.value(of: publish, "the publish") == nil)
        #expect(try await consumer.drain() == ["new"])
    }

    @Test func oneThatStandsByIsWokenWhenTheActiveOneHasReachedItsEnd() async throws {
        let bench = try await Bench()
        let stream = Destination.stream("events")
        try await bench.declare(stream) { declaration in
            declaration.order = .perKey
            declaration.groups["all"] = .init()
        }
        try await bench.publish(["before"], to: stream)
        let active = try await bench.untilEnd(stream, group: "all")
        let standby = try await bench.waiting(try await bench.consumer(stream, group: "all"))
        try await bench.publish(["after"], to: stream)
        let first = try await active.take(1)
        #expect(await active.settle(first[0].receipt, as: .accept) == .settled)
        #expect(await failure { _ = try await active.take() }?.endReason == .reachedEnd)
        #expect(try await bench.value(of: standby, "what came after").map { $0.message.body.text } == ["after"])
    }

    @Test func aPatternThatWaitsForRoomHasItWhenWhatItHoldsIsDeleted() async throws {
        let bench = try await Bench()
        let (first, second) = (Destination.stream("events.a"), Destination.stream("events.b"))
        for stream in [first, second] { try await bench.declare(stream) { $0.groups["all"] = .init() } }
        let consumer = try await bench.broker.subscribe(
            Subscription(TopicPattern("events.*", style: .amqp), kind: .stream, group: "all", window: 1))
        try await bench.publish(["a"], to: first)
        #expect(try await consumer.take().count == 1)
        try await bench.publish(["b"], to: second)
        let receive = try await bench.waiting(consumer)
        try await bench.broker.topology?.delete(first)
        #expect(try await bench.value(of: receive, "the other").map { $0.message.body.text } == ["b"])
    }

    @Test(arguments: 0..<2) func whatACancelledReceiveWasWokenForGoesToAnother(cancelled: Int) async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        let holder = try await bench.consumer(.queue("orders"))
        try await bench.publish(["a"], to: .queue("orders"))
        let held = try await holder.take()
        let consumers = [try await bench.consumer(.queue("orders")), try await bench.consumer(.queue("orders"))]
        let receives = [try await bench.waiting(consumers[0]), try await bench.waiting(consumers[1])]
        let time = bench.time
        // It learns of its end at once, and can say so only once the server has given the message back.
        let outcome = bench.server.change { state, effects in
            receives[cancelled].cancel()
            let moment = ServerState.Moment(uptime: time.uptime) { time.now }
            return state.settle(0, held[0].receipt, as: .release, at: moment, &effects)
        }
        #expect(outcome == .settled)
        _ = await receives[cancelled].result
        #expect(try await bench.value(of: receives[1 - cancelled], "what came back").count == 1)
    }

    @Test func aSecondReceiveLeavesNoTraceOfTheFirst() async throws {
        let bench = try await Bench()
        try await bench.declare(.queue("orders"))
        let consumer = try await bench.consumer(.queue("orders"))
        let (first, second) = (try await bench.waiting(consumer), try await bench.waiting(consumer))
        for receive in [first, second] {
            receive.cancel()
            _ = await receive.result
        }
        #expect(bench.server.change { state, _ in state.inboxes.map(\.idle) } == [0])
    }

    @Test func closingEndsAReplayThatWaits() async throws {
        let bench = try await Bench()
        try await bench.declare(.stream("events"))
        let reader = try #require(
            try await bench.broker.replay?.reader(of: .stream("events"), from: .earliest, until: nil))
        let alarms = bench.time.alarmCount
        let receive = Task { try await reader.receive(upTo: 1, within: .seconds(600)) }
        #expect(await bench.time.waits(forAlarms: alarms + 1, within: .seconds(5)))
        await bench.broker.close(within: .zero)
        let error = await failure { _ = try await bench.value(of: receive, "the end") }
        #expect(error?.endReason == .closed)
    }

    @Test func aPatternThatWaitsIsWokenByAGroupWithABacklog() async throws {
        let bench = try await Bench()
        try await bench.declare(.stream("events.a"))
        try await bench.publish(["early"], to: .stream("events.a"))
        let consumer = try await bench.broker.subscribe(
            Subscription(try TopicPattern("events.*", style: .amqp), kind: .stream, group: "late"))
        let receive = try await bench.waiting(consumer)
        try await bench.declare(.stream("events.a")) { $0.groups["late"] = .init(start: .earliest) }
        #expect(try await bench.value(of: receive, "the backlog").count == 1)
    }
}

extension Bench {
    func consumer(_ destination: Destination, windowBytes: Int) async throws -> any MessageConsumer {
        try await broker.subscribe(Subscription(destination, windowBytes: windowBytes, maxHold: .seconds(3600)))
    }

    /// A receive that waits already.
    func waiting(_ consumer: any MessageConsumer, upTo limit: Int = 10) async throws -> Task<[Delivery], any Error> {
        let alarms = time.alarmCount
        let task = Task { try await consumer.receive(upTo: limit, within: .seconds(600)) }
        #expect(await time.waits(forAlarms: alarms + 1, within: .seconds(5)))
        return task
    }

    /// A publish that waits already.
    func publishing(_ body: String, to destination: Destination) async -> Task<BrokerError?, any Error> {
        let (alarms, broker) = (time.alarmCount, broker)
        let task = Task<BrokerError?, any Error> {
            await failure {
                try await broker.publish(
                    Message(Body(body)), to: destination, options: PublishOptions(deadline: .seconds(600)))
            }
        }
        #expect(await time.waits(forAlarms: alarms + 1, within: .seconds(5)))
        return task
    }

    /// What a task returns; a hang is an error that names what it waits for.
    func value<Value: Sendable>(of task: Task<Value, any Error>, _ what: String) async throws -> Value {
        try await SystemTime.shared.bounded(what, within: .seconds(2)) { try await task.value }
    }
}
