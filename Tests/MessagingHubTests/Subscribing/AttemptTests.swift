import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

@Suite("Which run of a message a handler sees", .timeLimit(.minutes(5))) struct AttemptTests {
    private let twice = RetryPolicy(attempts: 2, backoff: .constant, delay: .milliseconds(10))

    @Test func oneMessageOnTwoTopicsOfAPatternHasItsRunsOnEach() async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("t.*", as: .stream) { [twice] route in
            route.groups = ["readers": .init()]
            route.concurrency = 1
            route.retry = twice
        }
        let runs = Recorder<String>()
        try await fixture.run { hub in
            let message = Message()
            for topic in ["t.a", "t.b"] as [Topic] { try await hub.publish(message, to: topic) }
            try await hub.subscribe(to: try TopicPattern("t.*", style: .amqp), group: "readers") { delivery in
                runs.add("\(delivery.topic?.name ?? "none") \(delivery.attempt)")
                throw Failing()
            }
            try await advancing(time, until: "both are given up") { hub.metrics().deadLettered == 2 }
        }
        #expect(runs.all.sorted() == ["t.a 1", "t.a 2", "t.b 1", "t.b 2"])
    }

    @Test(arguments: ["99", "-1", "2147483648", "many"])
    func aCountThatAPeerHasWrittenIsNotBelieved(_ count: String) async throws {
        let time = VirtualTime()
        var fixture = HubFixture(time: time)
        try fixture.route("orders") { [twice] in $0.retry = twice }
        let runs = Recorder<Int32>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders") { delivery in
                runs.add(delivery.attempt)
                throw Failing()
            }
            let stranger = InMemoryBroker(fixture.server)
            try await stranger.connect { _ in }
            try await stranger.publish(Message(headers: [.attempt: .text(count)]), to: .queue("orders"))
            try await advancing(time, until: "given up") { hub.metrics().deadLettered == 1 }
            await stranger.close(within: .zero)
        }
        #expect(runs.all == [1, 2])
    }
}
