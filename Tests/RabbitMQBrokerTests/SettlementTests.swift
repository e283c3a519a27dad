#if RabbitMQ
    import Messaging
    import MessagingFaults
    import RabbitMQBroker
    import Testing

    /// A quorum queue takes 32 settlements ahead of a channel, and those that wait in the channel for its answers die with it.
    @Suite(
        "What was settled stays settled",
        .enabled(if: RabbitMQServer.isWanted, "RabbitMQ is not installed: apt-get install rabbitmq-server"))
    struct SettlementTests {
        @Test(
            "Many single settlements right before the end of a consumer hold", .timeLimit(.minutes(2)),
            arguments: [DestinationDeclaration.Order.none, .all], [false, true])
        func manyRightBeforeTheEnd(order: DestinationDeclaration.Order, isStopped: Bool) async throws {
            let broker = RabbitMQBroker(try await RabbitMQServer.shared.value.place.configuration())
            try await broker.connect { _ in }
            let queue = try Destination.queue(Topic("settled.\(order.rawValue).\(isStopped)"))
            var declaration = DestinationDeclaration(queue)
            declaration.order = order
            try await broker.declare([declaration])
            for _ in 0..<5 {
                try await broker.publish(
                    (0..<600).map { Message(Body("\($0)" as String)) }, to: queue, options: PublishOptions())
                let consumer = try await broker.subscribe(Subscription(queue, window: 600))
                var receipts: [Receipt] = []
                while receipts.count < 600 {
                    receipts += try await consumer.receive(upTo: 600, within: .seconds(10)).map(\.receipt)
                }
                if isStopped { await consumer.stop() }
                // Each goes out in a frame of its own: one that came before is not settled yet.
                for receipt in receipts.dropFirst() + receipts.prefix(1) {
                    #expect(await consumer.settle(receipt, as: .accept) == .settled)
                }
                await consumer.cancel()
                #expect(try await broker.topology?.depth(of: queue, group: nil).waiting == 0)
            }
            await broker.close(within: .seconds(10))
        }
    }
#endif
