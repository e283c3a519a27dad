#if RabbitMQ
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// A server that allows small frames alone.
    extension FaultTests {
        /// Those who connect meanwhile are told so.
        private func withFrames<Result>(
            ofAtMost size: Int, at server: ServerProcess, _ body: () async throws -> Result
        ) async throws -> Result {
            _ = try await server.evaluates("application:set_env(rabbit, frame_max, \(size)).")
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            _ = try await server.evaluates("application:set_env(rabbit, frame_max, 131072).")
            return try result.get()
        }

        @Test("Bodies of every length go through a server with small frames, and headers that are larger are refused")
        func smallFrames() async throws {
            let server = try await Self.harness.value.process
            try await withFrames(ofAtMost: 4_096, at: server) {
                let broker = RabbitMQBroker(server.place.configuration())
                try await broker.connect { _ in }
                let queue = Destination(Topic(unchecked: "frames.\(MessageID())"), .queue)
                try await broker.declare([DestinationDeclaration(queue)])
                let lengths = [0, 1, 4_087, 4_088, 4_089, 8_176, 100_000, 300_000]
                let messages = lengths.map { Message(Body([UInt8](repeating: 7, count: $0))) }
                try await broker.publish(messages, to: queue, options: PublishOptions())
                for message in messages { try await broker.publish(message, to: queue, options: PublishOptions()) }
                var large = Message("small")
                large.headers["large"] = String(repeating: "x", count: 5_000)
                do throws(PublishFailure) {
                    _ = try await broker.publish(large, to: queue, options: PublishOptions())
                    Issue.record("headers of 5,000 bytes fit into 4,096")
                } catch {
                    #expect(error.first.code == .tooLarge && error.first.sentence.contains("4096"), "\(error)")
                }
                let consumer = try await broker.subscribe(Subscription(queue))
                var received: [Int] = []
                while received.count < 2 * lengths.count {
                    let deliveries = try await consumer.receive(upTo: 16, within: .seconds(5))
                    try #require(!deliveries.isEmpty, "\(received)")
                    received += deliveries.map(\.message.body.count)
                    _ = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
                }
                #expect(received == lengths + lengths)
                #expect(await broker.health().state == .connected)
                await broker.close(within: .seconds(5))
            }
        }

        @Test("What waits through an outage goes out in the frames that the server allows when it is back")
        func smallerFrames() async throws {
            let server = try await Self.harness.value.process
            let proxy = try await BrokerProxy(to: server.place.host, port: server.place.port)
            let broker = RabbitMQBroker(server.place.configuration(at: proxy.port))
            let losses = Observed(0)
            try await broker.connect { event in if case .down = event { losses.change { $0 += 1 } } }
            let queue = Destination(Topic(unchecked: "frames.\(MessageID())"), .queue)
            try await broker.declare([DestinationDeclaration(queue)])
            try await proxy.refuse()
            #expect(await losses.first(within: .seconds(10)) { $0 == 1 } != nil)
            try await withFrames(ofAtMost: 4_096, at: server) {
                let message = Message(Body([UInt8](repeating: 7, count: 100_000)))
                async let publishing = broker.publish(message, to: queue, options: PublishOptions())
                try await proxy.restore()
                _ = try await publishing
                #expect(losses.value == 1)
            }
            await broker.close(within: .seconds(5))
            await proxy.close()
        }
    }
#endif
