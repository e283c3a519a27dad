#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingHub
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// Shipped configurations, on the real server.
    @Suite("Shipped configurations on RabbitMQ", .serialized, .enabled(if: RabbitMQServer.isWanted))
    struct TopologyTests {
        /// Runs a hub of a shipped configuration against the server of the tests.
        private func withHub(
            _ name: String, _ body: (MessageHub, ServerProcess) async throws -> Void
        ) async throws {
            let server = try await RabbitMQServer.shared.value
            let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../configs/\(name)")
            let variables = [
                "HOST": server.place.host, "PORT": "\(server.place.port)", "USER": "guest", "USERNAME": "guest",
                "PASSWORD": "guest",
            ]
            var environment: [String: String] = [:]
            for (name, value) in variables { environment["RABBITMQ_\(name)"] = value }
            let configuration = try HubConfiguration.load(
                path: path.standardized.path, environment: environment, profiles: [.rabbitMQ])
            try await MessagingHub.withHub(configuration, brokers: [.rabbitMQ]) { hub in
                try await body(hub, server)
            }
        }

        private func arguments(of queue: String, at server: ServerProcess) async throws -> String {
            try await server.evaluates(
                "{lists:flatten(io_lib:format(\"~0p\", [[amqqueue:get_arguments(Q) || Q <- rabbit_amqqueue:list(), "
                    + "element(4, amqqueue:get_name(Q)) =:= <<\"\(queue)\">>]]))}.")
        }

        @Test("S3-32 S3-33 S3-34 S3-35 S3-36 S3-37 the task queues of HelixAgent are declared, one with priorities")
        func helixAgent() async throws {
            try await withHub("rabbitmq-helixagent.yaml") { hub, server in
                for name in ["background", "llm", "debate", "verification", "notifications"] {
                    try await hub.publish(Message("task"), to: Topic(unchecked: "helixagent.tasks.\(name)"))
                    let arguments = try await arguments(of: "helixagent.tasks.\(name)", at: server)
                    #expect(arguments.contains("x-queue-type"), "\(name)")
                    #expect(arguments.contains("x-max-priority") == (name == "llm"), "\(name)")
                }
                #expect(try await arguments(of: "helixagent.dlq", at: server).contains("x-queue-type"))
            }
        }

        @Test("S3-38 helixagent.retry keeps a message for 60 s, and its dead letters go back to the task queue")
        func retryQueue() async throws {
            try await withHub("rabbitmq-helixagent.yaml") { hub, server in
                try await hub.publish(Message("again"), to: "helixagent.retry")
                let arguments = try await arguments(of: "helixagent.retry", at: server)
                #expect(arguments.contains("{<<\"x-message-ttl\">>,long,60000}"), "\(arguments)")
                #expect(arguments.contains("<<\"helixagent.tasks.background\">>"), "\(arguments)")
                #expect(arguments.contains("<<\"at-least-once\">>"), "\(arguments)")
            }
        }

        @Test("S2-38 the dead letters of the agents are kept for 24 hours")
        func deadLetters() async throws {
            try await withHub("rabbitmq-agents.yaml") { hub, server in
                try await hub.publish(Message("bad"), to: "my_agent_queue.dlq")
                let arguments = try await arguments(of: "my_agent_queue.dlq", at: server)
                #expect(arguments.contains("{<<\"x-message-ttl\">>,long,86400000}"), "\(arguments)")
            }
        }

        @Test("S2-18 the exchange of the agents is declared, and their queue is bound to the pattern of its queries")
        func agents() async throws {
            try await withHub("rabbitmq-agents.yaml") { hub, server in
                try await hub.publish(Message("query"), to: "my_agent_queue")
                let bound = try await server.evaluates(
                    "{lists:flatten(io_lib:format(\"~0p\", [rabbit_binding:list_for_source("
                        + "rabbit_misc:r(<<\"/\">>, exchange, <<\"chimera.events\">>))]))}.")
                #expect(bound.contains("query.*"))
                #expect(bound.contains("my_agent_queue"))
            }
        }

        @Test("Every route of rabbitmq.yaml is served")
        func all() async throws {
            try await withHub("rabbitmq.yaml") { hub, _ in
                let topics: [Topic] = [
                    "orders.created", "orders.urgent", "payments.booked", "orders.events", "prices.gold",
                ]
                for topic in topics { try await hub.publish(Message("there"), to: topic) }
            }
        }
    }
#endif
