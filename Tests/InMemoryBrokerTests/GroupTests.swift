import InMemoryBroker
import Messaging
import MessagingTesting
import Testing

/// Deleting groups, what is said of their filters, and how old their backlog is.
@Suite struct GroupTests {
    let stream = Destination.stream("events")

    @Test func aGroupThatIsDeletedKeepsNothingAnyMore() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) {
            $0.groups = ["a": .init(), "b": .init()]; $0.maximumMessages = 2
        }
        try await bench.publish(["0", "1"], to: stream)
        #expect(try await bench.consumer(stream, group: "a").drain().count == 2)
        let b = try await bench.consumer(stream, group: "b")
        let held = try await b.take(1)
        #expect(await failure { try await bench.publish(["2"], to: stream) }?.code == .resourceExhausted)
        try await bench.broker.topology?.delete("b", of: stream)
        try await bench.publish(["2"], to: stream)
        #expect(await b.settle(held[0].receipt, as: .accept) == .stale)
        #expect(await failure { _ = try await b.take() }?.endReason == .deleted)
        let label = "stream events (group b)"
        #expect(bench.events.list.contains { if case .ended(label, _) = $0 { true } else { false } })
        #expect(try await bench.consumer(stream, group: "a").drain() == ["2"])
        #expect(await failure { _ = try await bench.consumer(stream, group: "b") }?.code == .noSuchDestination)
        let again = await failure { try await bench.broker.topology?.delete("b", of: stream) }
        #expect(again?.sentence == "group b of stream events does not exist")
        bench.server.kill()
        bench.server.start()
        #expect(await failure { _ = try await bench.consumer(stream, group: "b") }?.code == .noSuchDestination)
    }

    @Test func aPublisherThatWaitsGoesOnWhenAGroupIsDeleted() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) {
            $0.groups = ["a": .init(), "b": .init()]; $0.maximumMessages = 1
        }
        try await bench.publish(["0"], to: stream)
        #expect(try await bench.consumer(stream, group: "a").drain() == ["0"])
        let publish = await bench.publishing("1", to: stream)
        try await bench.broker.topology?.delete("b", of: stream)
        #expect(try await bench.value(of: publish, "the publish") == nil)
    }

    @Test func aConflictOfFiltersSaysBoth() async throws {
        let bench = try await Bench()
        let filter = HeaderFilter(.all, ["size": "large", "colour": "red"])
        try await bench.declare(stream) { $0.groups = ["a": .init(filter: filter), "b": .init()] }
        let error = await failure {
            try await bench.declare(stream) { $0.groups = ["a": .init(filter: HeaderFilter(.any, ["colour": "blue"]))] }
        }
        let is_ = #"exists with the filter all of colour = "red", size = "large", "#
        let asked = #"and the filter any of colour = "blue" is asked for; delete it, or declare it as it is"#
        #expect(error?.sentence == "group a of stream events " + is_ + asked)
        let other = await failure { try await bench.declare(stream) { $0.groups = ["b": .init(filter: filter)] } }
        #expect(other?.sentence.contains("b of stream events exists with no filter, and the filter all of") == true)
    }

    @Test func theOldestIsWhatWaitsLongest() async throws {
        let bench = try await Bench()
        try await bench.declare(stream) { $0.groups = ["a": .init(), "b": .init(start: .latest)] }
        let topology = try #require(bench.broker.topology)
        #expect(try await topology.depth(of: stream, group: "a").oldest == nil)
        let beginning = bench.time.now
        for body in ["0", "1", "2"] {
            try await bench.publish([body], to: stream)
            bench.time.advance(by: .seconds(10))
        }
        let a = try await bench.consumer(stream, group: "a")
        #expect(try await topology.depth(of: stream, group: "a").oldest == beginning)
        let held = try await a.take(2)
        #expect(try await topology.depth(of: stream, group: "a").oldest == beginning + .seconds(20))
        _ = await a.settle(held[1].receipt, as: .retry(after: .seconds(60), failure: nil))
        #expect(try await topology.depth(of: stream, group: "a").oldest == beginning + .seconds(10))
        #expect(try await topology.depth(of: stream, group: "b").oldest == beginning)
    }
}
