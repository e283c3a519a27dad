#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingHub
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// What older systems on RabbitMQ could rely on when a connection goes.
    @Suite("Recovery on RabbitMQ", .serialized, .timeLimit(.minutes(5)), .enabled(if: RabbitMQServer.isWanted))
    struct RecoveryTests {
        private let clock = ContinuousClock()

        /// The agents' own broker, by way of a proxy.
        private func configuration(at port: Int) throws -> RabbitMQConfiguration {
            let path = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../configs/rabbitmq-agents.yaml")
            let hub = try HubConfiguration.load(
                path: path.standardized.path, environment: ["RABBITMQ_PORT": "\(port)"], profiles: [.rabbitMQ])
            var configuration = RabbitMQConfiguration(try #require(hub.brokers["agents"]).options)
            configuration.host = "127.0.0.1"
            return configuration
        }

        @Test("S2-01 S2-28 a connection is tried again after 1, 2, 4, 8 … s, never more than 60 s, until it is there")
        func pauses() async throws {
            let server = try await RabbitMQServer.shared.value
            let proxy = try await BrokerProxy(to: "127.0.0.1", port: server.place.port)
            let (time, events) = (VirtualTime(), Observed<[BrokerEvent]>([]))
            let broker = RabbitMQBroker(
                try configuration(at: proxy.port), in: BrokerEnvironment(time: time))
            try await broker.connect { event in events.change { $0.append(event) } }
            var alarms = time.alarmCount
            try await proxy.apply(.refuse)
            // Both connections wait for the same pause, each with up to a quarter more or less.
            for pause in [1, 2, 4, 8, 16, 32, 60, 60].map({ Duration.seconds($0) }) {
                #expect(await time.waits(forAlarms: alarms + 2, within: .seconds(20)), "no pause of \(pause)")
                let next = try #require(time.nextAlarm) - time.uptime
                #expect(next >= pause * 0.75 && next <= pause * 1.25, "\(next) instead of \(pause)")
                if pause == .seconds(60) { break }
                alarms = time.alarmCount
                time.advance(by: pause * 1.25)
            }
            #expect(await broker.health().state == .disconnected)
            try await proxy.restore()
            time.advance(by: .seconds(75))
            #expect(await events.first(within: .seconds(20)) { $0.filter { $0 == .up }.count == 2 } != nil)
            await broker.close(within: .seconds(5))
            await proxy.close()
        }

        @Test("S2-39 health says within a heartbeat that a socket was dropped")
        func health() async throws {
            let server = try await RabbitMQServer.shared.value
            let proxy = try await BrokerProxy(to: "127.0.0.1", port: server.place.port)
            var configuration = server.place.configuration(at: proxy.port)
            configuration.heartbeat = .seconds(2)
            let broker = RabbitMQBroker(configuration)
            try await broker.connect { _ in }
            #expect(await broker.health().state == .connected)
            try await proxy.apply(.refuse)
            let begin = clock.now
            while await broker.health().state == .connected, clock.now - begin < .seconds(10) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(clock.now - begin < configuration.heartbeat)
            #expect(await broker.health().state == .disconnected)
            try await proxy.restore()
            while await broker.health().state != .connected, clock.now - begin < .seconds(30) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(await broker.health().state == .connected)
            await broker.close(within: .seconds(5))
            await proxy.close()
        }

        @Test("S3-15 S3-93 a consumer receives again within 5 s of the server's return, without code of the program's")
        func restart() async throws {
            let server = try await RabbitMQServer.start()
            let queue = Destination.queue("recovery")
            let broker = RabbitMQBroker(server.place.configuration())
            try await broker.connect { _ in }
            try await broker.declare([DestinationDeclaration(queue)])
            let consumer = try await broker.subscribe(Subscription(queue))
            let messages = [Message("before"), Message("after")]
            try await broker.publish(messages[0], to: queue, options: PublishOptions())
            try await server.kill()
            try await server.start()
            let begin = clock.now
            try await broker.publish(messages[1], to: queue, options: PublishOptions())
            var received: Set<MessageID> = []
            while received.count < 2, clock.now - begin < .seconds(20) {
                for delivery in try await consumer.receive(upTo: 2, within: .seconds(1)) {
                    received.insert(delivery.message.id)
                    _ = await consumer.settle(delivery.receipt, as: .accept)
                }
            }
            #expect(clock.now - begin < .seconds(5))
            #expect(received == Set(messages.map(\.id)))
            await consumer.cancel()
            await broker.close(within: .seconds(5))
            await server.end()
        }
    }
#endif
