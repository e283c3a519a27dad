#if RabbitMQ
    import Messaging
    import MessagingFaults
    import MessagingHub
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// What a hub begins, and does not begin, when the connection goes with what it was handed.
    extension FaultTests {
        /// What consumers were handed, and what was answered when it was settled.
        private struct Account: Sendable {
            var received: [Receipt] = []
            var outcomes: [Receipt: SettlementOutcome] = [:]
        }

        private final class Watched: BrokerDecorator {
            let base: any MessageBroker
            let account = Observed(Account())
            let consumer = Lock<(any MessageConsumer)?>(nil)

            init(_ base: any MessageBroker) { self.base = base }

            func subscribe(_ subscription: Subscription) async throws(BrokerError) -> any MessageConsumer {
                let watched = WatchedConsumer(try await base.subscribe(subscription), account)
                consumer.withLock { $0 = watched.base }
                return watched
            }

            /// How many of the receipts are held.
            var heldCount: Int {
                let receipts = account.value.received
                return consumer.withLock { consumer in receipts.count { consumer?.holds($0) == true } }
            }
        }

        private final class WatchedConsumer: ConsumerDecorator {
            let base: any MessageConsumer
            private let account: Observed<Account>

            init(_ base: any MessageConsumer, _ account: Observed<Account>) {
                self.base = base
                self.account = account
            }

            /// Hands 16 out at once, however many are asked for, as where handlers were quick: most wait behind those that are
            /// begun.
            func receive(upTo limit: Int, within wait: Duration) async throws(BrokerError) -> [Delivery] {
                var deliveries = try await base.receive(upTo: 16, within: wait)
                while !deliveries.isEmpty, deliveries.count < 16 {
                    let more = try await base.receive(upTo: 16 - deliveries.count, within: .seconds(1))
                    if more.isEmpty { break }
                    deliveries += more
                }
                account.change { $0.received += deliveries.map(\.receipt) }
                return deliveries
            }

            func settle(_ settlements: [ReceiptSettlement]) async -> [SettlementOutcome] {
                let outcomes = await base.settle(settlements)
                account.change { account in
                    for (one, outcome) in zip(settlements, outcomes) { account.outcomes[one.receipt] = outcome }
                }
                return outcomes
            }

            func settle(_ receipt: Receipt, as settlement: Settlement) async -> SettlementOutcome {
                await settle([ReceiptSettlement(receipt, settlement)])[0]
            }
        }

        @Test("No handler is begun on what was handed out and has gone with its connection")
        func nothingIsBegunThatIsNotHeld() async throws {
            let server = try await Self.harness.value.process
            let proxy = try await BrokerProxy(to: server.place.host, port: server.place.port)
            let (workers, messages) = (4, (0..<60).map { _ in Message("work") })
            let broker = Watched(RabbitMQBroker(server.place.configuration(at: proxy.port)))
            let factory = BrokerFactory(
                BrokerProfile(
                    type: .rabbitMQ, scheme: "watched", options: OptionGroup([]), capabilities: broker.capabilities,
                    limits: broker.limits)
            ) { (_, _, _) throws(BrokerError) -> any MessageBroker in broker }
            let topic = Topic(unchecked: "holds.\(MessageID())")
            var route = RouteConfiguration(TopicPattern(topic), to: "main", as: .queue)
            (route.concurrency, route.deadLetter) = (workers, .none)
            let configuration = HubConfiguration(
                brokers: ["main": BrokerConfiguration(.rabbitMQ)], routes: ["work": route])
            let (begun, mayGoOn) = (Observed<[MessageID]>([]), Observed(false))
            try await withHub(configuration, brokers: [factory], environment: HubEnvironment(log: NoLog())) { hub in
                try await hub.publish(messages, to: topic)
                try await hub.subscribe(to: topic) { delivery in
                    begun.change { $0.append(delivery.message.id) }
                    _ = await mayGoOn.first(within: .seconds(60)) { $0 }
                }
                let isBusy = await begun.first(within: .seconds(10)) { $0.count == workers } != nil
                try #require(isBusy)
                // All of it waits in this process, unbegun, behind handlers that are busy.
                let handed = await broker.account.first(within: .seconds(10)) { $0.received.count > 2 * workers }
                let receipts = try #require(handed).received
                try await proxy.refuse()
                try await SystemTime.shared.until("all of it is known to be gone") { broker.heldCount == 0 }
                mayGoOn.change { $0 = true }
                let settled = await broker.account.first(within: .seconds(10)) { $0.outcomes.count >= receipts.count }
                #expect(try #require(settled).outcomes.values.allSatisfy { $0 == .stale })
                #expect(begun.value.count == workers)
                try await proxy.restore()
                let isDone = await begun.first(within: .seconds(10)) { Set($0).count == messages.count } != nil
                #expect(isDone)
                try await SystemTime.shared.until("all are accepted") { hub.metrics().handled >= messages.count }
                // What was begun comes again, and nothing else was begun twice.
                #expect(begun.value.count == messages.count + workers)
            }
            await proxy.close()
        }
    }
#endif
