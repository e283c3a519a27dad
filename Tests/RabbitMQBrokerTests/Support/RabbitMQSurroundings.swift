#if RabbitMQ
    import EventLoop
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import RabbitMQBroker

    /// What is around RabbitMQ: its own tools, a client in another language, and what stands where it should be.
    struct RabbitMQSurroundings: Sendable {
        let process: ServerProcess

        var all: Surroundings {
            get async throws {
                Surroundings(
                    inventory: { try await inventory() }, publishForeign: { try await publish($0, $1, to: $2) },
                    obstacles: try await obstacles())
            }
        }

        // MARK: the server's own tools

        private func inventory() async throws -> [String: Int] {
            let answer = try await process.evaluates(
                """
                {length(rabbit_networking:connections()), length(rabbit_amqqueue:list()),
                    length(rabbit_amqqueue:consumers_all(<<"/">>))}.
                """)
            let counts = answer.split { !$0.isNumber }.compactMap { Int($0) }
            guard counts.count == 3 else { throw BrokerError(.brokerFailure, "the server counts \(answer)") }
            return ["connections": counts[0], "queues": counts[1], "consumers": counts[2]]
        }
        // MARK: a client in another language

        private static let script = """
            import json, sys, pika
            order = json.load(sys.stdin)
            connection = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', order['port']))
            channel = connection.channel()
            channel.confirm_delivery()
            properties = pika.BasicProperties(headers=order['headers'])
            channel.basic_publish(order['exchange'], order['key'], bytes(order['body']), properties, mandatory=True)
            connection.close()
            """

        private func publish(_ body: Body, _ headers: Headers, to destination: Destination) async throws {
            let exchange =
                switch destination.kind {
                case .queue: ""
                case .stream: destination.topic.name
                case .pubSub: "amq.topic"
                }
            let order: [String: Any] = [
                "port": process.place.port, "exchange": exchange, "key": destination.topic.name,
                "body": body.array.map(Int.init),
                "headers": Dictionary(headers.fields.map { ($0.name.text, $0.value.text ?? "") }) { $1 },
            ]
            let input = try JSONSerialization.data(withJSONObject: order)
            _ = try await Tool.run(["/usr/bin/python3", "-c", Self.script], input: input)
        }

        // MARK: what stands in the way

        private func obstacles() async throws -> [ConnectionObstacle] {
            let limit = Duration.seconds(1)
            @Sendable func broker(at port: Int, _ edit: (inout RabbitMQConfiguration) -> Void = { _ in })
                -> RabbitMQBroker
            {
                var configuration = process.place.configuration(at: port)
                configuration.connectTimeout = limit
                edit(&configuration)
                return RabbitMQBroker(configuration)
            }
            let (silent, other) = (try Stranger(says: nil), try Stranger(says: "HTTP/1.1 400 Bad Request\r\n\r\n"))
            let secret = "sesame-open"
            let (silentPort, otherPort) = (silent.port, other.port)
            let (port, nothing) = (process.place.port, try Stranger.freePort())
            return [
                ConnectionObstacle(.nothing, timeout: limit) { broker(at: nothing) },
                ConnectionObstacle(.blackHole, timeout: limit) {
                    withExtendedLifetime(silent) { broker(at: silentPort) }
                },
                ConnectionObstacle(.otherProtocol, timeout: limit) { broker(at: otherPort) },
                ConnectionObstacle(.wrongCredentials, timeout: limit, secrets: [secret]) {
                    broker(at: port) { $0.password = secret }
                },
                ConnectionObstacle(.plainServer, timeout: limit) {
                    broker(at: otherPort) { $0.tls.isOn = true }
                } sent: { [other] in
                    await other.received
                },
            ]
        }
    }

    /// Somebody who listens on a port and is not RabbitMQ; says one thing to whoever has said something, or never anything.
    actor Stranger {
        nonisolated let port: Int
        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        private let listener: StreamListener
        private let answer: String?
        private var serving: Task<Void, Never>?
        private var streams: [ByteStream] = []
        /// What the last connection has sent first.
        private(set) var received: [UInt8] = []

        init(says answer: String?) throws {
            loop = EventLoop("stranger")
            self.answer = answer
            listener = try StreamListener(on: loop)
            port = listener.port
            serving = nil
            Task { await self.begin() }
        }

        /// A port on which nobody listens.
        static func freePort() throws -> Int { try StreamListener(on: EventLoop("nobody")).port }

        private func begin() {
            serving = Task {
                while let stream = try? await listener.accept() { await serve(stream) }
            }
        }

        private func serve(_ stream: ByteStream) async {
            streams.append(stream)
            guard let answer, let bytes = try? await stream.read() else { return }
            received = bytes
            try? await stream.write(Array(answer.utf8))
            try? await stream.finish()
        }
    }
#endif
