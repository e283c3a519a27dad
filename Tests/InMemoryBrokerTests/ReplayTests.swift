import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Reading a stream as no member of any group.
@Suite struct ReplayTests {
    let stream = Destination.stream("events")

    @Test func aReplayIsNoMemberOfAnyGroupAndEndsAtTheEndAsItWas() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { $0.groups = ["g": .init()] }
        try await bench.publish(["0", "1", "2"], to: stream)
        let replay = try #require(bench.broker.replay)
        let end = try await replay.end(of: stream)
        let reader = try await replay.reader(of: stream, from: .position(Position(major: 1)), until: .end)
        try await bench.publish(["3"], to: stream)
        #expect(try await reader.receive(upTo: 10, within: .zero).map { $0.message.body.text } == ["1", "2"])
        #expect(await failure { _ = try await reader.receive(upTo: 10, within: .zero) }?.endReason == .reachedEnd)
        #expect(end == Position(major: 3))
        #expect(try await bench.consumer(stream, group: "g").drain().count == 4)
        await reader.cancel()
        #expect(await failure { _ = try await reader.receive(upTo: 1, within: .zero) }?.endReason == .cancelled)
    }

    @Test func aReaderWithoutAnEndWaitsForWhatComes() async throws {
        let bench = try await Bench()
        try await bench.declare(stream)
        let replay = try #require(bench.broker.replay)
        let reader = try await replay.reader(of: stream, from: .latest, until: nil)
        async let next = reader.receive(upTo: 1, within: .seconds(60))
        while bench.time.nextAlarm == nil { await Task.yield() }
        try await bench.publish(["0"], to: stream)
        #expect(try await next.map { $0.message.body.text } == ["0"])
    }

    @Test func aReaderThatWasOvertakenThrowsEveryTimeAndHasNotMoved() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) {
            $0.groups = ["g": .init()]; $0.maximumMessages = 2
        }
        try await bench.publish(["0", "1"], to: stream)
        let reader = try #require(try await bench.broker.replay?.reader(of: stream, from: .earliest, until: nil))
        #expect(try await reader.receive(upTo: 1, within: .zero).map { $0.message.body.text } == ["0"])
        #expect(try await bench.consumer(stream, group: "g").drain().count == 2)
        try await bench.publish(["2", "3"], to: stream)
        for _ in 0..<2 {
            let error = await failure { _ = try await reader.receive(upTo: 1, within: .zero) }
            #expect(error?.code == .positionGone)
            #expect(error?.sentence.contains("position 1 of stream events is gone") == true)
            #expect(error?.details["first"] == "2")
        }
    }

    @Test func aReplayPassesOverWhatWasLostInACrash() async throws {
        let bench = try await Bench()
        try await bench.declare(stream)
        try await bench.publish(["transient"], to: stream) { $0.deliveryMode = .transient }
        try await bench.publish(["kept"], to: stream)
        bench.server.kill()
        bench.server.start()
        try await bench.publish(["transient again"], to: stream) { $0.deliveryMode = .transient }
        let reader = try #require(try await bench.broker.replay?.reader(of: stream, from: .earliest, until: .end))
        let read = try await reader.receive(upTo: 10, within: .zero)
        #expect(read.map { $0.message.body.text } == ["kept", "transient again"])
        #expect(read.map(\.position) == [Position(major: 1), Position(major: 2)])
    }

    @Test func aReplayPassesOverWhatHasExpired() async throws {
        let bench = try await Bench()
        try await bench.declare(stream)
        try await bench.publish(["old"], to: stream) { $0.expiration = bench.time.now + .seconds(1) }
        try await bench.publish(["new"], to: stream)
        bench.time.advance(by: .seconds(1))
        let reader = try #require(try await bench.broker.replay?.reader(of: stream, from: .earliest, until: .end))
        let read = try await reader.receive(upTo: 10, within: .zero)
        #expect(read.map { $0.message.body.text } == ["new"])
    }

    @Test func aReplayNeedsAConnectionThatIsUp() async throws {
        let bench = try await Bench()
        try await bench.declare(stream)
        let replay = try #require(bench.broker.replay)
        bench.server.kill()
        #expect(await failure { _ = try await replay.end(of: stream) }?.code == .notConnected)
        bench.server.start()
        #expect(try await replay.end(of: stream) == Position(major: 0))
        await bench.broker.close(within: .seconds(1))
        let opening = await failure { _ = try await replay.reader(of: stream, from: .earliest, until: nil) }
        #expect(opening?.endReason == .closed)
        #expect(await failure { _ = try await replay.end(of: stream) }?.endReason == .closed)
    }
}
