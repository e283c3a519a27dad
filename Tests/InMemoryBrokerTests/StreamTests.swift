import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Groups, filters, positions, retention and replay of streams.
@Suite struct StreamTests {
    let stream = Destination.stream("events")

    @Test func aGroupStartsWhereItsDeclarationSaysAndOnlyTheFirstTime() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { $0.groups = ["early": .init()] }
        try await bench.publish(["0", "1"], to: stream)
        bench.time.advance(by: .seconds(10))
        let noon = bench.time.now
        try await bench.publish(["2", "3"], to: stream)
        try await bench.declare(stream) {
            $0.groups = [
                "late": .init(start: .latest), "at": .init(start: .position(Position(major: 1))),
                "noon": .init(start: .time(noon)), "early": .init(start: .latest),
            ]
        }
        try await bench.publish(["4"], to: stream)
        let expected: [GroupName: [String]] = [
            "early": ["0", "1", "2", "3", "4"], "late": ["4"], "at": ["1", "2", "3", "4"], "noon": ["2", "3", "4"],
        ]
        for (group, bodies) in expected { #expect(try await bench.consumer(stream, group: group).drain() == bodies) }
        #expect(
            await failure {
                try await bench.declare(stream) { $0.groups = ["x": .init(start: .position(Position(major: 9)))] }
            }?.code == .invalidArgument)
    }

    @Test func aFilterLetsThroughWhatMatchesAndCountsTheRest() async throws {
        let bench = try await Bench()
        let filter = HeaderFilter(.all, ["Colour": "red"])
        try await bench.declare(stream) { $0.groups = ["red": .init(filter: filter)] }
        for colour in ["red", "blue", "red"] {
            try await bench.publish([colour], to: stream) { $0.headers = ["colour": .text(colour)] }
        }
        let consumer = try await bench.consumer(stream, group: "red")
        #expect(try await consumer.drain() == ["red", "red"])
        #expect(await bench.broker.health().subscriptions.map(\.filtered) == [1])
        #expect(try await bench.broker.topology?.depth(of: stream, group: "red").waiting == 0)
        let error = await failure { try await bench.declare(stream) { $0.groups = ["red": .init()] } }
        #expect(error?.code == .conflict)
    }

    @Test func aFullStreamLetsGoOfWhatEveryGroupHasSettledAndOfNothingElse() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) {
            $0.groups = ["a": .init(), "b": .init()]; $0.maximumMessages = 3
        }
        try await bench.publish(["0", "1", "2"], to: stream)
        #expect(try await bench.consumer(stream, group: "a").drain().count == 3)
        #expect(await failure { try await bench.publish(["3"], to: stream) }?.code == .resourceExhausted)
        let b = try await bench.consumer(stream, group: "b")
        let held = try await b.take(2)
        // The second settled, not the first: nothing can go.
        #expect(await b.settle(held[1].receipt, as: .accept) == .settled)
        #expect(await failure { try await bench.publish(["3"], to: stream) }?.code == .resourceExhausted)
        #expect(await b.settle(held[0].receipt, as: .accept) == .settled)
        try await bench.publish(["3"], to: stream)
        #expect(try await b.drain() == ["2", "3"])
        let replay = try #require(bench.broker.replay)
        let gone = await failure {
            _ = try await replay.reader(of: stream, from: .position(Position(major: 0)), until: nil)
        }
        #expect(gone?.code == .positionGone)
        #expect(gone?.details["first"] == "1")
    }

    @Test func whatWasReadIsKeptForTheRetentionAndNotLonger() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) {
            $0.groups = ["g": .init()]; $0.retention = .seconds(60)
        }
        try await bench.publish(["0"], to: stream)
        _ = try await bench.consumer(stream, group: "g").drain()
        bench.time.advance(by: .seconds(59))
        try await bench.publish(["1"], to: stream)
        let replay = try #require(bench.broker.replay)
        #expect(try await read(replay, from: .earliest) == ["0", "1"])
        bench.time.advance(by: .seconds(1))
        try await bench.publish(["2"], to: stream)
        #expect(try await read(replay, from: .earliest) == ["1", "2"])
    }

    @Test func aPublisherThatWaitsGoesOnWhenTheRetentionMakesRoom() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) {
            $0.groups = ["g": .init()]
            $0.retention = .seconds(1)
            $0.maximumMessages = 1
        }
        try await bench.publish(["0"], to: stream)
        let consumer = try await bench.consumer(stream, group: "g")
        #expect(try await consumer.drain() == ["0"])
        let alarms = bench.time.alarmCount
        let (broker, stream) = (bench.broker, stream)
        async let published = broker.publish(
            [Message("1")], to: stream, options: PublishOptions(deadline: .seconds(30)))
        await bench.time.waits(forAlarms: alarms + 1, within: .seconds(10))
        bench.time.advance(by: .seconds(1))
        _ = try await published
        #expect(try await consumer.drain() == ["1"])
    }

    @Test func aSubscriptionUntilTheEndWaitsForWhatAPeerHolds() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { $0.groups = ["g": .init()] }
        try await bench.publish(["0", "1"], to: stream)
        let peer = try await bench.consumer(stream, group: "g", window: 1)
        #expect(try await peer.take().count == 1)
        let bounded = try await bench.broker.subscribe(Subscription(stream, group: "g", until: .end))
        try await bench.publish(["2"], to: stream)
        #expect(try await bounded.drain() == ["1", "2"])
        async let end: BrokerError? = failure { _ = try await bounded.receive(upTo: 1, within: .seconds(60)) }
        while bench.time.nextAlarm.map({ $0 > .seconds(60) }) ?? true { await Task.yield() }
        await peer.cancel()
        // What the peer held came back to the bounded consumer, which settles it and ends.
        let last = await end
        #expect(last == nil)
        #expect(try await bounded.take().isEmpty)
    }

    @Test func aPatternReceivesFromEachInTurnHoweverMuchWaitsInTheOthers() async throws {
        let bench = try await Bench()
        let topics = ["a", "b", "c"]
        for topic in topics {
            try await bench.declare(.stream(Topic("news.\(topic)"))) { $0.groups = ["g": .init()] }
            try await bench.publish(Array(repeating: topic, count: 10), to: .stream(Topic("news.\(topic)")))
        }
        let consumer = try await bench.broker.subscribe(
            Subscription(TopicPattern("news.*", style: .nats), kind: .stream, group: "g"))
        var first: [String] = []
        for _ in topics {
            for delivery in try await consumer.take(1) {
                first.append(delivery.message.body.text ?? "")
                #expect(await consumer.settle(delivery.receipt, as: .accept) == .settled)
            }
        }
        #expect(first.sorted() == topics)
        #expect(try await consumer.drain().count == 27)
    }

    @Test func aPatternReceivesFromWhatMatchesAlsoWhatIsDeclaredLater() async throws {
        let bench = try await Bench()
        let (first, second) = (Destination.stream("news.sport"), Destination.stream("news.weather"))
        try await bench.declare(first) { $0.groups = ["g": .init()] }
        let consumer = try await bench.broker.subscribe(
            Subscription(TopicPattern("news.*", style: .nats), kind: .stream, group: "g"))
        try await bench.declare(second) { $0.groups = ["g": .init()] }
        try await bench.publish(["a"], to: first)
        try await bench.publish(["b"], to: second)
        let deliveries = try await consumer.take()
        #expect(deliveries.map { $0.topic?.name } == ["news.sport", "news.weather"])
        try await bench.broker.topology?.delete(first)
        try await bench.publish(["c"], to: second)
        #expect(try await consumer.drain() == ["c"])
    }

    @Test func attemptsOfTwoGroupsAreCountedApart() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { $0.groups = ["a": .init(), "b": .init()] }
        try await bench.publish(["0"], to: stream)
        let (a, b) = (
            try await bench.consumer(stream, group: "a"), try await bench.consumer(stream, group: "b")
        )
        for attempt: Int32 in 1...3 {
            let again = try await a.take()
            #expect(again.map(\.attempt) == [attempt])
            for delivery in again { _ = await a.settle(delivery.receipt, as: .retry(after: .zero, failure: nil)) }
        }
        #expect(try await b.take().map(\.attempt) == [1])
    }

    @Test func aNullBodyIsNotAnEmptyOne() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { $0.groups = ["g": .init()] }
        try await bench.declare(.queue("orders"))
        let subscriber = try await bench.consumer(.pubSub("news"))
        for destination in [stream, .queue("orders"), .pubSub("news")] {
            try await bench.broker.publish([Message(Body.null), Message(Body.empty)], to: destination)
        }
        for consumer in [
            try await bench.consumer(stream, group: "g"), try await bench.consumer(.queue("orders")), subscriber,
        ] { #expect(try await consumer.take().map(\.message.body.isNull) == [true, false]) }
    }

    @Test func positionsAreAnsweredWhereAskedFor() async throws {
        let bench = try await Bench()
        try await bench.declare(stream)
        let receipt = try await bench.broker.publish(
            [Message("a"), Message("b")], to: stream, options: PublishOptions(positions: true))
        #expect(receipt.positions == [Position(major: 0), Position(major: 1)])
    }

    private func read(_ replay: any Replaying, from start: StartPosition) async throws -> [String] {
        let reader = try await replay.reader(of: stream, from: start, until: .end)
        return try await reader.receive(upTo: 100, within: .zero).map { $0.message.body.text ?? "" }
    }
}
