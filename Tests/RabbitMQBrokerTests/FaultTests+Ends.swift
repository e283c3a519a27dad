#if RabbitMQ
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import Testing

    @testable import RabbitMQBroker

    /// How a broker ends while the server does not answer, or because nobody has it any more.
    extension FaultTests {
        /// A broker behind a proxy, and a queue of its own.
        private func proxied() async throws -> (RabbitMQBroker, BrokerProxy, ServerProcess, Destination) {
            let server = try await Self.harness.value.process
            let proxy = try await BrokerProxy(to: server.place.host, port: server.place.port)
            let broker = RabbitMQBroker(server.place.configuration(at: proxy.port))
            try await broker.connect { _ in }
            let queue = Destination(Topic(unchecked: "ends.\(MessageID())"), .queue)
            try await broker.declare([DestinationDeclaration(queue)])
            return (broker, proxy, server, queue)
        }

        @Test("close waits for what is on its way, and no longer than it may", arguments: [300, 3_000])
        func closeWaits(_ grace: Int) async throws {
            let (broker, proxy, _, queue) = try await proxied()
            // What is confirmed is heard half a second late: in time for the longer grace alone.
            try await proxy.apply(.delay(.milliseconds(500)))
            let passed = await proxy.passed[.toServer] ?? 0
            let message = Message(Body([UInt8](repeating: 7, count: 10_000)))
            let publishing = Task { try await broker.publish(message, to: queue, options: PublishOptions()) }
            try await SystemTime.shared.until("it is on its way") {
                await proxy.passed[.toServer] ?? 0 > passed + 10_000
            }
            let began = SystemTime.shared.uptime
            await broker.close(within: .milliseconds(grace))
            let taken = SystemTime.shared.uptime - began
            // The goodbye takes another second, at most.
            #expect(taken < .milliseconds(min(grace, 1_500) + 1_000))
            let outcome = await publishing.result
            if grace == 3_000 {
                #expect(throws: Never.self) { try outcome.get() }
            } else {
                guard case .failure(let error as PublishFailure) = outcome, case .unknown = error.outcomes[0] else {
                    Issue.record("\(outcome)")
                    return
                }
            }
            await proxy.close()
        }

        @Test("close returns in time though the server answers nothing any more")
        func closeBehindABlackHole() async throws {
            let (broker, proxy, _, queue) = try await proxied()
            let consumers = [
                try await broker.subscribe(Subscription(queue)), try await broker.subscribe(Subscription(queue)),
            ]
            try await proxy.blackHole()
            let began = SystemTime.shared.uptime
            await broker.close(within: .milliseconds(500))
            #expect(SystemTime.shared.uptime - began < .milliseconds(1_500))
            for consumer in consumers {
                await #expect(throws: BrokerError.self) { try await consumer.receive(upTo: 1, within: .seconds(1)) }
            }
            await proxy.close()
        }

        @Test("A broker that is let go of takes its connections with it, and tries no more where it has none")
        func letGo() async throws {
            let server = try await Self.harness.value.process
            try await SystemTime.shared.until("nobody is there") { (try? await server.links) == [0, 0] }
            do {
                let broker = RabbitMQBroker(server.place.configuration())
                try await broker.connect { _ in }
                #expect(try await server.links.first == 2)
                withExtendedLifetime(broker) {}
            }
            try await SystemTime.shared.until("its connections are gone") { (try? await server.links) == [0, 0] }
            weak var link: Link?
            do {
                let (broker, proxy, _, _) = try await proxied()
                link = broker.publishing
                try await proxy.refuse()
                try await SystemTime.shared.until("it is noticed") { await broker.health().state == .disconnected }
            }
            try await SystemTime.shared.until("nobody tries any more") { link == nil }
        }
    }
#endif
