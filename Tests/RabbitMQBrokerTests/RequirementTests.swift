#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults
    import MessagingTesting
    import RabbitMQBroker
    import Testing

    /// What older systems on RabbitMQ could rely on, row by row, against a server of this machine.
    @Suite("Requirements on RabbitMQ", .serialized, .enabled(if: RabbitMQServer.isWanted, "\(RabbitMQServer.absence)"))
    struct RequirementTests {
        private func connected(
            _ edit: (inout RabbitMQConfiguration) -> Void = { _ in }
        ) async throws -> (RabbitMQBroker, ServerProcess) {
            let server = try await RabbitMQServer.shared.value
            var configuration = server.place.configuration()
            edit(&configuration)
            let broker = RabbitMQBroker(configuration)
            try await broker.connect { _ in }
            return (broker, server)
        }

        private func queue(_ name: String = "queue") -> Destination {
            Destination(Topic(unchecked: "requirement.\(name).\(MessageID())"), .queue)
        }

        private func take(
            _ count: Int, of destination: Destination, by broker: RabbitMQBroker, window: Int = 256
        ) async throws -> (any MessageConsumer, [Delivery]) {
            let consumer = try await broker.subscribe(Subscription(destination, window: window))
            var deliveries: [Delivery] = []
            while deliveries.count < count {
                let more = try await consumer.receive(upTo: count - deliveries.count, within: .seconds(5))
                if more.isEmpty { break }
                deliveries += more
            }
            return (consumer, deliveries)
        }

        /// What the server says of itself, an expression in Erlang, in its notation and without spaces.
        private func asked(_ expression: String, of server: ServerProcess) async throws -> String {
            try await server.evaluates("{lists:flatten(io_lib:format(\"~0p\", [\(expression)]))}.")
                .filter { !$0.isWhitespace }
        }

        /// What a Python client gets from a queue: its properties and body, as JSON.
        private func foreign(_ queue: String, at server: ServerProcess) async throws -> [String: Any] {
            let script = """
                import json, sys, pika
                connection = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', int(sys.argv[1])))
                method, properties, body = connection.channel().basic_get(sys.argv[2], auto_ack=True)
                names = ('delivery_mode', 'reply_to', 'correlation_id', 'priority', 'content_type', 'type', 'message_id')
                print(json.dumps({name: getattr(properties, name) for name in names} | {'body': body.decode()}))
                connection.close()
                """
            let text = try await Tool.run(["/usr/bin/python3", "-c", script, "\(server.place.port)", queue])
            return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
        }

        @Test("S0-111 fifty publishers share the two connections of their broker")
        func connections() async throws {
            let (broker, server) = try await connected { $0.heartbeat = .seconds(7) }
            let destination = queue()
            try await broker.declare([DestinationDeclaration(destination)])
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<50 {
                    tasks.addTask { try await broker.publish(Message(), to: destination, options: PublishOptions()) }
                }
                try await tasks.waitForAll()
            }
            // Its connections are those with its heartbeat.
            let intervals = try await asked("rabbit_networking:connection_info_all([timeout])", of: server)
            #expect(intervals.components(separatedBy: "{timeout,7}").count - 1 == 2)
            await broker.close(within: .seconds(5))
        }

        @Test("S1-76 the keep-alive that is configured is what the server keeps")
        func keepAlive() async throws {
            let (broker, server) = try await connected { $0.heartbeat = .seconds(13) }
            let intervals = try await asked("rabbit_networking:connection_info_all([timeout])", of: server)
            #expect(intervals.contains("{timeout,13}"))
            await broker.close(within: .seconds(5))
        }

        @Test("S2-02 a channel that the server has closed is made again with the next use, over the same connection")
        func channels() async throws {
            let (broker, server) = try await connected()
            let stream = Destination(Topic(unchecked: "requirement.stream.\(MessageID())"), .stream)
            let destination = queue()
            try await broker.declare([DestinationDeclaration(stream), DestinationDeclaration(destination)])
            try await broker.publish(Message(), to: stream, options: PublishOptions())
            // Who publishes to what is gone has the channel closed.
            let name = stream.topic.name
            _ = try await server.evaluates(
                "rabbit_exchange:delete(rabbit_misc:r(<<\"/\">>, exchange, <<\"\(name)\">>), false, <<\"test\">>).")
            await #expect(throws: PublishFailure.self) {
                _ = try await broker.publish(Message(), to: stream, options: PublishOptions())
            }
            try await broker.publish(Message(), to: destination, options: PublishOptions())
            #expect(await broker.health().state == .connected)
            await broker.close(within: .seconds(5))
        }

        @Test("S2-13 S2-20 a message reaches a queue that is bound to a pattern of its topic, and no other")
        func bindings() async throws {
            let (broker, server) = try await connected()
            let word = "requirement\(MessageID())"
            var declaration = DestinationDeclaration(queue())
            declaration.bindings = [try TopicPattern("\(word).query.*", style: .amqp)]
            try await broker.declare([declaration])
            let messages = [Message("in"), Message("out")]
            for (message, topic) in zip(messages, ["\(word).query.request", "\(word).data.request"]) {
                try await broker.publish(
                    message, to: Destination(Topic(unchecked: topic), .pubSub), options: PublishOptions())
            }
            let (consumer, deliveries) = try await take(2, of: declaration.destination, by: broker)
            #expect(deliveries.map(\.message.id) == [messages[0].id])
            let bound = try await asked(
                "rabbit_binding:list_for_source(rabbit_misc:r(<<\"/\">>, exchange, <<\"amq.topic\">>))", of: server)
            #expect(bound.components(separatedBy: "\(word).query.*").count - 1 == 1)
            #expect(!bound.contains("\(word).data"))
            await consumer.cancel()
            await broker.close(within: .seconds(5))
        }

        @Test("S2-14 S2-40 close may be repeated, and publishing after it is refused")
        func closes() async throws {
            let (broker, _) = try await connected()
            let destination = queue()
            try await broker.declare([DestinationDeclaration(destination)])
            await broker.close(within: .seconds(5))
            await broker.close(within: .seconds(5))
            do {
                _ = try await broker.publish(Message(), to: destination, options: PublishOptions())
                Issue.record("a publish after close succeeded")
            } catch {
                guard case .refused(let problem)? = error.outcomes[0] else {
                    Issue.record("\(error)")
                    return
                }
                #expect(problem.code == .ended)
            }
        }

        @Test("S2-15 S2-34 S3-54 reply-to, correlation id and delivery mode are AMQP's own properties")
        func properties() async throws {
            let (broker, server) = try await connected()
            let destination = queue()
            try await broker.declare([DestinationDeclaration(destination)])
            var message = Message("body", type: "kind")
            message.replyTo = "answers"
            message.correlationID = "42"
            var transient = Message("body")
            transient.deliveryMode = .transient
            try await broker.publish([message, transient], to: destination, options: PublishOptions())
            let first = try await foreign(destination.topic.name, at: server)
            #expect(first["delivery_mode"] as? Int == 2)
            #expect(first["reply_to"] as? String == "answers")
            #expect(first["correlation_id"] as? String == "42")
            #expect(first["type"] as? String == "kind")
            #expect(first["message_id"] as? String == message.id.description)
            #expect(first["body"] as? String == "body")
            let second = try await foreign(destination.topic.name, at: server)
            #expect(second["delivery_mode"] as? Int == 1)
            await broker.close(within: .seconds(5))
        }

        @Test("S2-18 an exchange of one's own is declared, and queues are bound to it")
        func exchange() async throws {
            let name = "requirement-\(MessageID())"
            let (broker, server) = try await connected { $0.exchange = name }
            let destination = queue()
            try await broker.declare([DestinationDeclaration(destination)])
            try await broker.publish(Message("through it"), to: destination, options: PublishOptions())
            let bound = try await asked(
                "rabbit_binding:list_for_source(rabbit_misc:r(<<\"/\">>, exchange, <<\"\(name)\">>))", of: server)
            #expect(bound.contains(destination.topic.name))
            let (consumer, deliveries) = try await take(1, of: destination, by: broker)
            #expect(deliveries.count == 1)
            await consumer.cancel()
            await broker.close(within: .seconds(5))
        }

        @Test("S2-21 S3-16 with a prefetch of 1 one message at a time is not settled")
        func prefetch() async throws {
            let (broker, server) = try await connected { $0.prefetch = 1 }
            let destination = queue()
            try await broker.declare([DestinationDeclaration(destination)])
            try await broker.publish((0..<3).map { _ in Message() }, to: destination, options: PublishOptions())
            let (consumer, deliveries) = try await take(1, of: destination, by: broker)
            #expect(deliveries.count == 1)
            #expect(try await consumer.receive(upTo: 2, within: .milliseconds(200)).isEmpty)
            let sent = try await asked(
                "[rabbit_misc:pget(prefetch_count, C) || C <- rabbit_amqqueue:consumers_all(<<\"/\">>), "
                    + "element(4, rabbit_misc:pget(queue_name, C)) =:= <<\"\(destination.topic.name)\">>]", of: server)
            #expect(sent.contains("[1]"))
            _ = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            #expect(try await consumer.receive(upTo: 2, within: .seconds(5)).count == 1)
            await consumer.cancel()
            await broker.close(within: .seconds(5))
        }

        @Test("S2-35 S3-12 what was confirmed and accepted leaves its queue empty")
        func accepted() async throws {
            let (broker, _) = try await connected()
            let destination = queue()
            try await broker.declare([DestinationDeclaration(destination)])
            try await broker.publish(Message(), to: destination, options: PublishOptions())
            let topology = try #require(broker.topology)
            #expect(try await topology.depth(of: destination, group: nil).waiting == 1)
            let (consumer, deliveries) = try await take(1, of: destination, by: broker)
            _ = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .accept) })
            await consumer.cancel()
            #expect(try await topology.depth(of: destination, group: nil).waiting == 0)
            await broker.close(within: .seconds(5))
        }

        @Test("S2-36 S2-37 S3-13 what is rejected goes once, by the server's own dead-letter exchange, to its queue")
        func deadLetters() async throws {
            let (broker, _) = try await connected()
            let (dead, destination) = (queue("dead"), queue())
            var declaration = DestinationDeclaration(destination)
            declaration.deadLetters = .broker(dead)
            try await broker.declare([DestinationDeclaration(dead), declaration])
            let message = Message("bad")
            try await broker.publish(message, to: destination, options: PublishOptions())
            let (consumer, deliveries) = try await take(1, of: destination, by: broker)
            _ = await consumer.settle(
                deliveries.map { ReceiptSettlement($0.receipt, .discard(reason: "it cannot be read")) })
            #expect(try await consumer.receive(upTo: 1, within: .milliseconds(300)).isEmpty)
            let (reader, letters) = try await take(1, of: dead, by: broker)
            #expect(letters.map(\.message.id) == [message.id])
            #expect(letters.first?.message.headers[.deadLetterReason] == "rejected")
            #expect(letters.first?.message.headers[.deadLetterOrigin] == destination.topic.name)
            for consumer in [consumer, reader] { await consumer.cancel() }
            await broker.close(within: .seconds(5))
        }

        @Test("What waits in a queue for its retention goes back to where the server is to send it, at attempt 1")
        func retention() async throws {
            let (broker, _) = try await connected()
            let (origin, destination) = (queue("origin"), queue("retry"))
            var declaration = DestinationDeclaration(destination)
            declaration.retention = .milliseconds(400)
            declaration.deadLetters = .broker(origin)
            try await broker.declare([DestinationDeclaration(origin), declaration])
            let message = Message("again")
            let begin = ContinuousClock.now
            try await broker.publish(message, to: destination, options: PublishOptions())
            let (consumer, deliveries) = try await take(1, of: origin, by: broker)
            #expect(ContinuousClock.now - begin >= .milliseconds(400))
            #expect(deliveries.map(\.message.id) == [message.id] && deliveries.first?.attempt == 1)
            #expect(deliveries.first?.message.headers[.deadLetterReason] == "expired")
            #expect(deliveries.first?.message.headers[.deadLetterOrigin] == destination.topic.name)
            // It is in nobody's way that it was kept once: it can wait here for longer than there.
            try await Task.sleep(for: .milliseconds(500))
            _ = await consumer.settle(deliveries.map { ReceiptSettlement($0.receipt, .release) })
            #expect(try await consumer.receive(upTo: 1, within: .seconds(5)).count == 1)
            await consumer.cancel()
            declaration.retention = .seconds(60)
            let error = await #expect(throws: BrokerError.self) { try await broker.declare([declaration]) }
            #expect(error?.code == .conflict)
            #expect(
                error?.sentence.contains("what waits in it expires after 400ms, and expires after 1m was asked for")
                    == true, "\(String(describing: error))")
            await broker.close(within: .seconds(5))
        }

        @Test("S3-14 S3-33 a queue with priorities is declared with x-max-priority, and the higher come first")
        func priorities() async throws {
            let (broker, server) = try await connected()
            var declaration = DestinationDeclaration(queue())
            declaration.maximumPriority = 10
            try await broker.declare([declaration])
            let messages = [1, 10, 5].map { (priority: UInt8) in
                var message = Message()
                message.priority = priority
                return message
            }
            try await broker.publish(messages, to: declaration.destination, options: PublishOptions())
            let (consumer, deliveries) = try await take(3, of: declaration.destination, by: broker)
            #expect(deliveries.map(\.message.priority) == [10, 5, 1])
            let arguments = try await asked(
                "[amqqueue:get_arguments(Q) || Q <- rabbit_amqqueue:list(), "
                    + "element(4, amqqueue:get_name(Q)) =:= <<\"\(declaration.destination.topic.name)\">>]", of: server)
            #expect(arguments.contains("x-max-priority"))
            await consumer.cancel()
            await broker.close(within: .seconds(5))
        }
    }
#endif
