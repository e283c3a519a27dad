#if RabbitMQ
    import Messaging
    import MessagingFaults
    import RabbitMQBroker
    import Testing

    @Suite(
        "A queue of RabbitMQ that keeps order",
        .enabled(if: RabbitMQServer.isWanted, "RabbitMQ is not installed: apt-get install rabbitmq-server"))
    struct OrderTests {
        /// The server would make the next consumer the active one, and send it what is behind what is held.
        @Test(.timeLimit(.minutes(1))) func nobodyGetsAheadOfWhatAStoppedConsumerHolds() async throws {
            let server = try await RabbitMQServer.shared.value
            let broker = RabbitMQBroker(server.place.configuration())
            try await broker.connect { _ in }
            let queue = Destination.queue("order.stopped")
            var declaration = DestinationDeclaration(queue)
            declaration.order = .perKey
            try await broker.declare([declaration])
            let sent = (0..<5).map { Message(Body("\($0)" as String), key: "k") }
            _ = try await broker.publish(sent, to: queue, options: PublishOptions())
            let (first, second) = (
                try await broker.subscribe(Subscription(queue)), try await broker.subscribe(Subscription(queue))
            )
            let held = try await first.receive(upTo: 1, within: .seconds(10))
            #expect(held.map(\.message.id) == [sent[0].id])
            await first.stop()
            #expect(try await second.receive(upTo: 5, within: .milliseconds(300)).isEmpty)
            await first.cancel()
            var received: [MessageID] = []
            while received.count < 5 {
                let deliveries = try await second.receive(upTo: 5, within: .seconds(10))
                received += deliveries.map(\.message.id)
                _ = await second.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            }
            #expect(received == sent.map(\.id))
            await broker.close(within: .seconds(5))
        }
    }
#endif
