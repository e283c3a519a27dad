import InMemoryBroker
import Messaging
import MessagingReliability
import MessagingTesting
import Testing

@testable import MessagingHub

/// Subscriptions that have nothing to do keep no worker, and nothing is lost on the way there and back.
@Suite(.timeLimit(.minutes(5))) struct RestTests {
    private func fixture(
        idle: Duration = .milliseconds(2), _ edit: (inout RouteConfiguration) -> Void = { _ in }
    ) throws -> HubFixture {
        var fixture = HubFixture()
        fixture.environment.idleTime = idle
        try fixture.route("orders.*", edit)
        return fixture
    }

    @Test func aSubscriptionRestsAndWakesAgainAndAgain() async throws {
        let fixture = try fixture()
        let seen = Recorder<String>()
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "orders.new") { seen.add($0.message.body.text ?? "") }
            for round in 1...20 {
                try await eventually("rest \(round)") { subscription.isResting }
                #expect(subscription.state == .live)
                try await hub.publish(Message(Body("\(round)")), to: "orders.new")
                try await eventually("message \(round)") { seen.count == round }
            }
        }
        #expect(seen.all == (1...20).map(String.init))
        #expect(try await fixture.depth(of: "orders.new") == 0)
    }

    @Test(arguments: [DestinationDeclaration.Order.none, .perKey], [Duration.zero, .milliseconds(1)])
    func nothingIsLostDoubledOrReorderedOnTheWay(order: DestinationDeclaration.Order, idle: Duration) async throws {
        let fixture = try fixture(idle: idle) { $0.order = order }
        let seen = Recorder<[String]>()
        try await fixture.run { hub in
            let topics: [Topic] = ["orders.a", "orders.b", "orders.c"]
            for topic in topics {
                try await hub.subscribe(to: topic, concurrency: 4) { delivery in
                    if delivery.message.body.count % 7 == 0 { await Task.yield() }
                    seen.add([topic.name, delivery.message.key ?? "", delivery.message.body.text ?? ""])
                }
            }
            try await withThrowingTaskGroup { group in
                for topic in topics {
                    group.addTask {
                        for number in 0..<400 {
                            let text = String(10_000 + number)
                            try await hub.publish(Message(Body(text), key: "\(number % 3)"), to: topic)
                            // Now and then long enough for all to be handled, and for the subscription to come to rest.
                            if number % 5 == 0 { try await Task.sleep(for: .milliseconds(number % 4)) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("all handled") { seen.count >= 1200 }
        }
        #expect(seen.count == 1200)
        #expect(Set(seen.all).count == 1200)
        guard order == .perKey else { return }
        for line in Dictionary(grouping: seen.all, by: { $0.prefix(2).joined(separator: " ") }).values {
            #expect(line.map { $0[2] } == line.map { $0[2] }.sorted())
        }
    }

    @Test(arguments: [DestinationDeclaration.Order.none, .perKey])
    func nobodyRestsWhileAHandlerRuns(order: DestinationDeclaration.Order) async throws {
        let fixture = try fixture { $0.order = order }
        let isDone = Observed(false)
        let (begun, slow) = (Recorder<Bool>(), Recorder<Bool>())
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "orders.new") { delivery in
                if delivery.message.key != "slow" {
                    isDone.change { $0 = true }
                } else {
                    begun.add(true)
                    slow.add(await isDone.first(within: .seconds(20)) { $0 } ?? false)
                }
            }
            try await hub.publish(Message(key: "slow"), to: "orders.new")
            try await eventually("the slow one runs") { begun.count == 1 }
            // Longer than it takes to rest where that is allowed.
            try await Task.sleep(for: .milliseconds(50))
            #expect(!subscription.isResting)
            // Not all of these keys share a worker with the slow one.
            try await hub.publish((0..<16).map { Message(key: "quick \($0)") }, to: "orders.new")
            try await eventually("the slow one") { slow.count == 1 }
            try await eventually("rest") { subscription.isResting }
        }
        #expect(slow.all == [true])
    }

    @Test func aHubShutsDownAtOnceWhereAllRest() async throws {
        let fixture = try fixture()
        let hub = try fixture.make()
        async let running: Void = hub.run()
        let subscriptions = try await withThrowingTaskGroup(of: HubSubscription.self) { group in
            for number in 0..<100 {
                group.addTask { try await hub.subscribe(to: Topic("orders.\(number)")) { _ in } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await eventually("all rest") { subscriptions.allSatisfy(\.isResting) }
        let began = ContinuousClock.now
        await hub.shutdown()
        #expect(ContinuousClock.now - began < .seconds(5))
        try await running
        #expect(subscriptions.allSatisfy { $0.state == .ended(nil) })
        #expect(fixture.server.inventory["consumers"] == 0)
    }

    @Test func whatComesWhileAHubEndsIsHandledOrStays() async throws {
        for _ in 0..<30 {
            let fixture = try fixture(idle: .zero)
            let seen = Recorder<MessageID>()
            let sent = try await fixture.run { hub in
                let subscription = try await hub.subscribe(to: "orders.new") { seen.add($0.message.id) }
                try await eventually("rest") { subscription.isResting }
                let message = Message("last")
                async let ended: Void = subscription.cancel()
                try await hub.publish(message, to: "orders.new")
                await ended
                #expect(subscription.state == .ended(nil))
                return message.id
            }
            #expect(try await seen.count + fixture.depth(of: "orders.new") == 1)
            #expect(seen.all == [] || seen.all == [sent])
        }
    }

    @Test func oneThatRestsLearnsThatItsQueueIsGone() async throws {
        let fixture = try fixture()
        try await fixture.run { hub in
            let subscription = try await hub.subscribe(to: "orders.new") { _ in }
            try await eventually("rest") { subscription.isResting }
            let broker = InMemoryBroker(fixture.server)
            try await broker.connect { _ in }
            try await broker.topology?.delete(.queue("orders.new"))
            try await eventually("the end") {
                if case .ended(let error?) = subscription.state { error.endReason == .deleted } else { false }
            }
            await broker.close(within: .zero)
        }
        #expect(fixture.log.records(of: "subscription ended").count == 1)
    }

    @Test func aConsumerThatIsDeafKeepsNoHub() async throws {
        var fixture = HubFixture()
        fixture.environment.idleTime = .zero
        try fixture.route("orders")
        let (deaf, server) = (Recorder<Waiter<Void>>(), fixture.server)
        let factory = BrokerFactory(.inMemory) { (name, options, environment) throws(BrokerError) in
            DeafBroker(base: try BrokerFactory.inMemory(server).make(name, options, environment), waiting: deaf)
        }
        try await withHub(fixture.configuration, brokers: [factory], environment: fixture.environment) { hub in
            let subscription = try await hub.subscribe(to: "orders") { _ in }
            try await eventually("rest") { subscription.isResting }
            await subscription.cancel()
            #expect(subscription.state == .ended(nil))
            try await hub.subscribe(to: "orders") { _ in }
        }
        #expect(fixture.log.records(of: "receiving ignores its cancellation").count == 2)
        for waiter in deaf.all { waiter.resolve(()) }
    }
}

/// A broker whose consumers hear neither of a message nor of their end.
private struct DeafBroker: BrokerDecorator {
    let base: any MessageBroker
    let waiting: Recorder<Waiter<Void>>

    func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
        DeafConsumer(waiting: waiting)
    }
}

private struct DeafConsumer: MessageConsumer {
    let waiting: Recorder<Waiter<Void>>

    func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
        let end = Waiter<Void>()
        waiting.add(end)
        _ = await end.waitUncancelled()
        throw .ended(.closed, "it is over")
    }
    func holds(_ receipt: Receipt) -> Bool { false }
    func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] { settlements.map { _ in .stale } }
    func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome { .stale }
    func stop() async {}
    func cancel() async {}
}
