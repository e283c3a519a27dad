import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import Testing

/// Subscriptions that end by themselves, once what was there at the beginning is settled.
@Suite(.timeLimit(.minutes(1))) struct UntilEndTests {
    private static let topic: Topic = "until.end"

    private func fixture(_ kind: DestinationKind) throws -> HubFixture {
        var fixture = HubFixture()
        try fixture.route("until.end", as: kind) { route in
            if kind == .stream { route.groups = ["readers": .init()] }
            route.retry.delay = .milliseconds(1)
        }
        return fixture
    }

    private func messages(_ count: Int) -> [Message] { (0..<count).map { Message(Body("\($0)" as String)) } }

    @Test(arguments: [DestinationKind.queue, .stream])
    func aSubscriptionEndsWhereTheEndWasAndNotBeforeItsRetries(_ kind: DestinationKind) async throws {
        try await fixture(kind).run { hub in
            try await hub.publish(messages(100), to: Self.topic)
            let handled = Lock(0)
            let subscription = try await hub.subscribe(to: Self.topic, until: .end) { delivery in
                if delivery.attempt == 1, delivery.message.body.text == "99" { throw CancellationError() }
                handled.withLock { $0 += 1 }
            }
            try await subscription.waitUntilEnded()
            #expect(handled.withLock { $0 } == 100)
            #expect(subscription.state == .ended(nil))
            // Its end was captured: what comes now is nobody's.
            try await hub.publish(messages(1), to: Self.topic)
            #expect(handled.withLock { $0 } == 100)
        }
    }

    @Test(arguments: [DestinationKind.queue, .stream])
    func aSequenceOfDeliveriesEndsToo(_ kind: DestinationKind) async throws {
        try await fixture(kind).run { hub in
            try await hub.publish(messages(20), to: Self.topic)
            let count = try await hub.deliveries(of: Self.topic, until: .end) { deliveries in
                var count = 0
                for try await pending in deliveries {
                    try await pending.handle { _ in }
                    count += 1
                }
                return count
            }
            #expect(count == 20)
        }
    }

    @Test func whatAnotherOneStillHoldsIsWaitedFor() async throws {
        let fixture = try fixture(.queue)
        try await fixture.run { holder in
            try await holder.publish(messages(3), to: Self.topic)
            let held = Lock(0)
            let release = Lock(false)
            try await holder.subscribe(to: Self.topic) { _ in
                held.withLock { $0 += 1 }
                while !release.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) }
            }
            while held.withLock({ $0 }) < 3 { try await Task.sleep(for: .milliseconds(2)) }
            try await fixture.run { other in
                let subscription = try await other.subscribe(to: Self.topic, until: .end) { _ in }
                #expect(subscription.state == .live)
                release.withLock { $0 = true }
                try await subscription.waitUntilEnded()
                #expect(try await fixture.depth(of: Self.topic) == 0)
            }
        }
    }

    @Test func whatEndsBeforeItsEndSaysWhy() async throws {
        try await fixture(.queue).run { hub in
            try await hub.publish(messages(1), to: Self.topic)
            let subscription = try await hub.subscribe(to: Self.topic) { _ in }
            let waiting = Task { try await subscription.waitUntilEnded() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            await subscription.cancel()
            try await subscription.waitUntilEnded()
            await #expect(throws: BrokerError.self) {
                try await hub.subscribe(to: "until.nowhere", until: .end) { _ in }
            }
        }
    }
}
