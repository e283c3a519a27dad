#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import RabbitMQBroker

    /// RabbitMQ on this machine, for tests: one for those that leave it alone, and others for those that do not.
    enum RabbitMQServer {
        /// Whether there is one to start; or one is required, and its absence is a failure.
        static var isWanted: Bool {
            ServerProgram.rabbitMQ() != nil || ProcessInfo.processInfo.environment["HUB_REQUIRE_BROKERS"] == "1"
        }

        static let absence = "RabbitMQ is not installed: apt-get install rabbitmq-server"

        /// The one that nobody stops, started with the first test that asks.
        static let shared = Task { try await start() }

        /// Another one, for who stops it.
        static func start(_ lines: [String] = [], plugins: [String] = []) async throws -> ServerProcess {
            guard let program = ServerProgram.rabbitMQ(lines, plugins: plugins) else {
                throw BrokerError(.unavailable, absence)
            }
            let server = try ServerProcess(program)
            try await server.start()
            return server
        }
    }

    extension ServerPlace {
        /// A configuration that connects here, or to a proxy before it.
        func configuration(at port: Int? = nil) -> RabbitMQConfiguration {
            var configuration = RabbitMQConfiguration()
            configuration.host = host
            configuration.port = port ?? self.port
            configuration.heartbeat = .seconds(1)
            return configuration
        }
    }
#endif
