#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults

    /// A RabbitMQ of this machine, started with the first test that asks.
    enum RabbitMQPlace {
        /// Whether there is one to start; or one is required, and its absence is a failure.
        static var isWanted: Bool {
            ServerProgram.rabbitMQ() != nil || ProcessInfo.processInfo.environment["HUB_REQUIRE_BROKERS"] == "1"
        }

        private static let server = Task {
            guard let program = ServerProgram.rabbitMQ() else {
                throw BrokerError(.unavailable, "RabbitMQ is not installed: apt-get install rabbitmq-server")
            }
            let server = try ServerProcess(program)
            try await server.start()
            return server
        }

        /// Its URL, once it answers.
        static var url: String {
            get async throws { "amqp://127.0.0.1:\(try await server.value.place.port)" }
        }
    }
#endif
