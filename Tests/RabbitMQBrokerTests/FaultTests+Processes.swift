#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingHub
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// Faults of a client in a process of its own: it is killed, and its descriptors and threads are nobody else's.
    extension FaultTests {
        private static let time = SystemTime.shared
        private static var program: String {
            Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("peer").path ?? "peer"
        }

        /// A broker of this process, and a queue of its own.
        private func connected() async throws -> (RabbitMQBroker, ServerProcess, Destination) {
            let server = try await Self.harness.value.process
            let broker = RabbitMQBroker(server.place.configuration())
            try await broker.connect { _ in }
            let queue = Destination(Topic(unchecked: "process.\(MessageID())"), .queue)
            try await broker.declare([DestinationDeclaration(queue)])
            return (broker, server, queue)
        }

        /// A process that consumes from a queue by this port.
        private func withConsumer<Result>(
            of queue: Destination, at port: Int, _ body: (PeerProcess) async throws -> Result
        ) async throws -> Result {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("process-\(MessageID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appendingPathComponent("peer.yaml")
            let broker = "{ type: rabbitmq, host: 127.0.0.1, port: \(port), heartbeat: 1s, reconnect-delay: 10ms }"
            let route = "{ topic: \(queue.topic.name), kind: queue, broker: main }"
            try Data("brokers: { main: \(broker) }\nroutes: { jobs: \(route) }\n".utf8).write(to: file)
            var order = PeerOrder(file.path, broker: "main", queue)
            order.consumes = true
            let peer = try PeerProcess(Self.program, order)
            let isReady = await peer.events.first(within: .seconds(30)) { $0.contains(.ready) } != nil
            try #require(isReady, "\(peer.events.value)")
            return try await body(peer)
        }

        /// How many entries a folder of a process in /proc has.
        private func count(_ folder: String, of peer: PeerProcess) -> Int {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(peer.pid)/\(folder)").count) ?? .max
        }

        @Test("After 200 reconnects there is no thread, descriptor, connection or channel more than before")
        func reconnects() async throws {
            let (broker, server, queue) = try await connected()
            let proxy = try await BrokerProxy(to: server.place.host, port: server.place.port)
            try await withConsumer(of: queue, at: proxy.port) { peer in
                let links = try await server.links
                #expect(links.first == 4)
                func reconnect(_ times: Int) async throws {
                    for round in 1...times {
                        try await proxy.cut()
                        let message = Message(Body("\(round)" as String))
                        try await broker.publish(message, to: queue, options: PublishOptions())
                        let isHeard =
                            await peer.events.first(within: .seconds(5)) { $0.contains(.settled(message.id)) } != nil
                        try #require(isHeard, "after \(round) reconnects nothing is heard within 5 s")
                        // Each round cuts all that there is.
                        try await Self.time.until("the server has as many links as before") {
                            (try? await server.links) == links
                        }
                    }
                }
                try await reconnect(5)
                let (threads, descriptors) = (count("task", of: peer), count("fd", of: peer))
                try await reconnect(200)
                try await Self.time.until("no thread is left") { count("task", of: peer) <= threads }
                try await Self.time.until("no descriptor is left") { count("fd", of: peer) <= descriptors }
            }
            await proxy.close()
            await broker.close(within: .seconds(5))
        }

        @Test("A consumer's process is killed: what it had not settled comes again, and hardly anything else")
        func killedConsumer() async throws {
            let (broker, server, queue) = try await connected()
            var published: [MessageID] = []
            for _ in 0..<40 {
                let messages = (0..<500).map { _ in Message("work") }
                try await broker.publish(messages, to: queue, options: PublishOptions())
                published += messages.map(\.id)
            }
            let lag = broker.limits.settleLag
            let (early, events) = try await withConsumer(of: queue, at: server.place.port) { peer in
                let isBusy = await peer.events.first(within: .seconds(30)) { $0.settled.count > 2_000 }
                // Settled before this moment is settled for good, once the lag has passed.
                let early = try #require(isBusy, "\(peer.events.value.suffix(3))").settled
                try await Self.time.sleep(for: lag)
                await peer.kill()
                return (early, peer.events.value)
            }
            var again: [MessageID: Int32] = [:]
            let consumer = try await broker.subscribe(Subscription(queue))
            while true {
                let deliveries = try await consumer.receive(upTo: 256, within: .seconds(2))
                if deliveries.isEmpty { break }
                for delivery in deliveries { again[delivery.message.id] = delivery.attempt }
                _ = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            }
            let lost = Set(published).subtracting(events.settled).subtracting(again.keys)
            #expect(lost.isEmpty, "\(lost.count) of \(published.count) are lost")
            #expect(early.isDisjoint(with: again.keys))
            let held = events.received.subtracting(events.settled)
            #expect(held.isSubset(of: again.keys) && held.allSatisfy { again[$0] == 2 })
            await broker.close(within: .seconds(5))
        }
    }

    extension [PeerEvent] {
        fileprivate var settled: Set<MessageID> {
            Set(compactMap { if case .settled(let id) = $0 { id } else { nil } })
        }
        fileprivate var received: Set<MessageID> {
            Set(compactMap { if case .received(let id, _) = $0 { id } else { nil } })
        }
    }
#endif
