#if RabbitMQ
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// Groups that are declared when their stream has messages: what the log has comes first, then what came since.
    @Suite("A group of RabbitMQ that comes later", .serialized, .enabled(if: RabbitMQServer.isWanted))
    struct LateGroupTests {
        private static let harness = Task {
            try await RabbitMQHarness(try await RabbitMQServer.start(), isItsOwn: true)
        }

        /// A broker of a process of its own, a stream with one group, and so many messages in it.
        private func stream(
            _ count: Int, order: DestinationDeclaration.Order = .none
        ) async throws -> (LaunchedBroker, DestinationDeclaration, [MessageID]) {
            let launched = try await Self.harness.value.launch()
            try await launched.broker.connect { _ in }
            var declaration = DestinationDeclaration(
                Destination(Topic(unchecked: "late.\(MessageID())"), .stream))
            declaration.groups["first"] = .init()
            declaration.order = order
            try await launched.broker.declare([declaration])
            return (launched, declaration, try await publish(count, to: declaration.destination, by: launched.broker))
        }

        private func publish(
            _ count: Int, to destination: Destination, by broker: any MessageBroker
        ) async throws -> [MessageID] {
            var ids: [MessageID] = []
            for _ in 0..<count / 50 {
                let messages = (0..<50).map { _ in Message("late", key: "key") }
                try await broker.publish(messages, to: destination, options: PublishOptions())
                ids += messages.map(\.id)
            }
            return ids
        }

        /// What a consumer is handed until nothing has come for a while, accepted.
        private func drain(_ consumer: any MessageConsumer, quiet: Duration = .seconds(2)) async throws -> [MessageID] {
            var ids: [MessageID] = []
            while true {
                let deliveries = try await consumer.receive(upTo: 256, within: quiet)
                if deliveries.isEmpty { return ids }
                ids += deliveries.map(\.message.id)
                _ = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            }
        }

        @Test("It sees everything once and in order, though others publish while it is made")
        func seesEverythingOnce() async throws {
            let (launched, declaration, before) = try await stream(1_000)
            let other = try await Self.harness.value.launch()
            try await other.broker.connect { _ in }
            let publishing = Task {
                try await publish(3_000, to: declaration.destination, by: other.broker)
            }
            var later = declaration
            later.groups["late"] = .init()
            try await launched.broker.declare([later])
            let consumer = try await launched.broker.subscribe(
                Subscription(declaration.destination, group: "late"))
            let during = try await publishing.value
            let seen = try await drain(consumer)
            #expect(seen == before + during)
            for broker in [launched.broker, other.broker] { await broker.close(within: .seconds(5)) }
        }

        @Test("It sees everything, whenever its process dies", arguments: 0..<8)
        func survivesItsProcess(_ round: Int) async throws {
            let (launched, declaration, before) = try await stream(2_000)
            var later = declaration
            later.groups["late"] = .init()
            let declaring = Task { [later] in try await launched.broker.declare([later]) }
            try await Task.sleep(for: .milliseconds(round * round * 12))
            await launched.kill?()
            _ = await declaring.result
            let other = try await Self.harness.value.launch()
            try await other.broker.connect { _ in }
            try await other.broker.declare([later])
            let since = try await publish(100, to: declaration.destination, by: other.broker)
            let consumer = try await other.broker.subscribe(Subscription(declaration.destination, group: "late"))
            let seen = try await drain(consumer)
            #expect(Set(before + since).subtracting(seen).isEmpty, "lost after \(round * round * 12) ms")
            #expect(seen.count - Set(seen).count <= 1_300, "more came twice than is copied between two tickets")
            await other.broker.close(within: .seconds(5))
        }

        @Test("It sees everything when the server is killed while its past is copied")
        func survivesTheServer() async throws {
            let harness = try await Self.harness.value
            let (launched, declaration, before) = try await stream(5_000)
            var later = declaration
            later.groups["late"] = .init()
            try await launched.broker.declare([later])
            try await harness.process.kill()
            try await harness.process.start()
            let consumer = try await subscribed(launched.broker, declaration.destination)
            let seen = try await drain(consumer, quiet: .seconds(5))
            #expect(Set(before).subtracting(seen).isEmpty)
            #expect(seen.count - Set(seen).count <= 1_300)
            await launched.broker.close(within: .seconds(5))
        }

        private func subscribed(
            _ broker: any MessageBroker, _ destination: Destination
        ) async throws -> any MessageConsumer {
            while true {
                do { return try await broker.subscribe(Subscription(destination, group: "late")) } catch {
                    guard error.isRetryable else { throw error }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }

        @Test("An ordered one hands its past and what follows to one member after the other, in order")
        func keepsOrder() async throws {
            let (launched, declaration, before) = try await stream(1_000, order: .perKey)
            var later = declaration
            later.groups["late"] = .init()
            try await launched.broker.declare([later])
            let subscription = Subscription(declaration.destination, group: "late")
            let first = try await launched.broker.subscribe(subscription)
            let second = try await launched.broker.subscribe(subscription)
            var seen: [MessageID] = []
            while seen.count < 300 {
                let deliveries = try await first.receive(upTo: 50, within: .seconds(5))
                #expect(!deliveries.isEmpty)
                if deliveries.isEmpty { break }
                seen += deliveries.map(\.message.id)
                _ = await first.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            }
            await first.cancel()
            let since = try await publish(100, to: declaration.destination, by: launched.broker)
            seen += try await drain(second)
            #expect(seen == before + since)
            await launched.broker.close(within: .seconds(5))
        }

        @Test("A process that has not declared a group receives by its filter all the same")
        func filtersWithoutDeclaring() async throws {
            let (launched, declaration, _) = try await stream(0)
            var later = declaration
            later.groups["red"] = .init(filter: HeaderFilter(["colour": "red"]))
            try await launched.broker.declare([later])
            var messages = [Message("red"), Message("blue"), Message("red too")]
            for (index, colour) in ["red", "blue", "red"].enumerated() { messages[index].headers["colour"] = colour }
            try await launched.broker.publish(messages, to: declaration.destination, options: PublishOptions())
            let other = try await Self.harness.value.launch()
            try await other.broker.connect { _ in }
            let consumer = try await other.broker.subscribe(Subscription(declaration.destination, group: "red"))
            let seen = try await drain(consumer, quiet: .milliseconds(500))
            #expect(seen == [messages[0].id, messages[2].id])
            #expect(await other.broker.health().subscriptions.first?.filtered == 1)
            for broker in [launched.broker, other.broker] { await broker.close(within: .seconds(5)) }
        }
    }
#endif
