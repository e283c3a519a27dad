import InMemoryBroker
import Messaging
import MessagingHub
import MessagingReliability
import MessagingTesting
import Testing

/// The sequence of deliveries: what is handled is settled, and nothing else.
@Suite(.timeLimit(.minutes(5))) struct DeliveriesTests {
    private let seen = Recorder<Body>()

    private func fixture(
        _ time: any TimeSource = SystemTime.shared, _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> HubFixture {
        var fixture = HubFixture(time: time)
        try fixture.route("orders", edit)
        return fixture
    }

    /// The attempt of the one message that is left.
    private func attemptLeft(_ hub: MessageHub) async throws -> Int32 {
        try await hub.deliveries(of: "orders") { deliveries in
            for try await delivery in deliveries {
                try await delivery.handle { _ in }
                return delivery.attempt
            }
            throw Failing(description: "there was none")
        }
    }

    @Test func whatIsHandledIsAccepted() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            try await hub.publish((0..<5).map { Message(Body("\($0)")) }, to: "orders")
            let outcomes = try await hub.deliveries(of: "orders") { deliveries in
                var outcomes: [PendingDelivery.Outcome] = []
                for try await delivery in deliveries {
                    #expect(delivery.attempt == 1 && delivery.delivery.message == delivery.message)
                    outcomes.append(try await delivery.handle { [seen] in seen.add($0.message.body) })
                    if outcomes.count == 5 { break }
                }
                return outcomes
            }
            #expect(outcomes == Array(repeating: .handled, count: 5))
            #expect(seen.all == ["0", "1", "2", "3", "4"])
            #expect(hub.metrics().handled == 5)
            #expect(try await fixture.depth(of: "orders") == 0)
        }
    }

    enum Departure: CaseIterable { case breaking, throwing, cancelled, cancelledWhileWaiting }

    /// However the scope is left: what was not handled comes again, at no cost.
    @Test(arguments: Departure.allCases) func whatIsNotHandledComesAgainUncounted(_ departure: Departure) async throws {
        let fixture = try fixture()
        let (taken, kept) = (Signalled(), Recorder<PendingDelivery>())
        try await fixture.run { hub in
            try await hub.publish(Message("x"), to: "orders")
            let result = await withTaskGroup(of: Result<Void, any Error>.self) { group in
                group.addTask {
                    await outcome {
                        try await hub.deliveries(of: "orders", concurrency: 2) { deliveries in
                            for try await delivery in deliveries {
                                kept.add(delivery)
                                switch departure {
                                case .breaking: return
                                case .throwing: throw Failing()
                                case .cancelled:
                                    taken.fire()
                                    try await Task.sleep(for: .seconds(3600))
                                case .cancelledWhileWaiting: taken.fire()
                                }
                            }
                        }
                    }
                }
                if departure == .cancelled || departure == .cancelledWhileWaiting {
                    await taken.wait()
                    group.cancelAll()
                }
                return await group.next() ?? .success(())
            }
            switch departure {
            case .breaking: #expect(throws: Never.self) { try result.get() }
            case .throwing: #expect(throws: Failing.self) { try result.get() }
            case .cancelled, .cancelledWhileWaiting: #expect(throws: CancellationError.self) { try result.get() }
            }
            #expect(try await fixture.held(in: "orders") == 0)
            #expect(try await fixture.depth(of: "orders") == 1)
            #expect(hub.metrics().released == 1 && hub.metrics().failed == 0)
            let late = await outcome { try await kept.all.first?.handle { _ in } }
            let error = #expect(throws: BrokerError.self) { try late.get() }
            #expect(error?.sentence.contains("given back when its scope ended") == true)
            #expect(try await attemptLeft(hub) == 1)
        }
    }

    @Test func oneThatIsLetGoOfComesAgainAtOnceAndUncounted() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            try await hub.publish(Message("x"), to: "orders")
            let attempts = try await hub.deliveries(of: "orders") { deliveries in
                var attempts: [Int32] = []
                for try await delivery in deliveries {
                    attempts.append(delivery.attempt)
                    if attempts.count < 3 { continue }
                    try await delivery.handle { _ in }
                    break
                }
                return attempts
            }
            #expect(attempts == [1, 1, 1])
            #expect(hub.metrics().released == 2)
            #expect(try await fixture.depth(of: "orders") == 0)
        }
    }

    @Test func handlingTwiceIsAnErrorAndRunsNothing() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            try await hub.publish(Message("x"), to: "orders")
            try await hub.deliveries(of: "orders") { deliveries in
                for try await delivery in deliveries {
                    try await delivery.handle { [seen] in seen.add($0.message.body) }
                    let again = await outcome { try await delivery.handle { [seen] in seen.add($0.message.body) } }
                    let error = #expect(throws: BrokerError.self) { try again.get() }
                    #expect(error?.sentence.contains("was handled before; handle it once") == true)
                    break
                }
            }
        }
        #expect(seen.count == 1)
        #expect(try await fixture.depth(of: "orders") == 0)
    }

    @Test func severalAreHandledAtOnceAndNoMoreThanThat() async throws {
        let fixture = try fixture()
        let open = Recorder<Int>()
        try await fixture.run { hub in
            try await hub.publish((0..<40).map { Message(Body("\($0)")) }, to: "orders")
            try await hub.deliveries(of: "orders", concurrency: 4) { deliveries in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            for try await delivery in deliveries {
                                try await delivery.handle { [seen] in
                                    open.add(1)
                                    // The first waits for a second one: how quick the machine is does not matter.
                                    while open.all.count < 2 { try await Task.sleep(for: .milliseconds(1)) }
                                    try await Task.sleep(for: .milliseconds(2))
                                    open.add(-1)
                                    seen.add($0.message.body)
                                }
                            }
                        }
                    }
                    try await eventually("all") { seen.count == 40 }
                    group.cancelAll()
                    while let ended = await group.nextResult() {
                        if case .failure(let error) = ended { #expect(error is CancellationError) }
                    }
                }
            }
            #expect(hub.metrics().handled == 40)
        }
        #expect(Set(seen.all).count == 40)
        let most = open.all.reduce(into: (now: 0, most: 0)) { $0 = ($0.now + $1, max($0.most, $0.now + $1)) }.most
        #expect(most > 1 && most <= 4)
    }

    @Test func valuesAreReadAndWhatCannotBeReadIsDeadLettered() async throws {
        let fixture = try fixture()
        let letters = Recorder<Message>()
        try await fixture.run { hub in
            try await hub.subscribe(to: "orders.dead") { letters.add($0.message) }
            try await hub.publish([Message("[1,2]"), Message("what")], to: "orders")
            let outcomes = try await hub.deliveries(of: "orders") { deliveries in
                var outcomes: [PendingDelivery.Outcome] = []
                for try await delivery in deliveries {
                    outcomes.append(try await delivery.handle(as: [Int].self) { value, _ in #expect(value == [1, 2]) })
                    if outcomes.count == 2 { break }
                }
                return outcomes
            }
            #expect(outcomes == [.handled, .failed])
            try await eventually("the dead letter") { letters.count == 1 }
        }
        #expect(letters.all.first?.headers[.deadLetterReason] == "undecodable")
    }

    @Test func whatNoRouteMatchesIsRefused() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            let error = await #expect(throws: BrokerError.self) { try await hub.deliveries(of: "bills") { _ in } }
            #expect(error?.code == .noSuchDestination)
        }
    }

    /// A task that was cancelled before leaves no subscription behind.
    @Test func aCancelledTaskSubscribesNothing() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await hub.subscribe(to: "orders") { [seen] in seen.add($0.message.body) }
                    }
                    await #expect(throws: CancellationError.self) {
                        try await hub.deliveries(of: "orders") { for try await _ in $0 {} }
                    }
                }
            }
            try await hub.publish((0..<10).map { _ in Message("x") }, to: "orders")
            for _ in 0..<10 { #expect(try await attemptLeft(hub) == 1) }
        }
        #expect(seen.count == 0)
    }
}
