#if RabbitMQ
    import Foundation
    import Messaging
    import MessagingFaults
    import RabbitMQBroker
    import Testing

    @Suite(
        "What other clients of RabbitMQ write and read", .timeLimit(.minutes(3)),
        .enabled(if: RabbitMQServer.isWanted, "RabbitMQ is not installed: apt-get install rabbitmq-server"))
    struct InteropTests {
        /// A queue that is there, and a broker that is connected.
        private func place(_ name: String) async throws -> (ServerProcess, RabbitMQBroker, Destination) {
            let server = try await RabbitMQServer.shared.value
            let broker = RabbitMQBroker(server.place.configuration())
            try await broker.connect { _ in }
            let queue = Destination.queue(Topic(stringLiteral: "interop.\(name)"))
            try await broker.declare([DestinationDeclaration(queue)])
            return (server, broker, queue)
        }

        private func python(_ server: ServerProcess, _ queue: Destination, _ lines: String) async throws -> String {
            let head = """
                import datetime, decimal, json, pika
                connection = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', \(server.place.port)))
                channel = connection.channel()
                queue = '\(queue.topic)'

                """
            return try await Tool.run(["/usr/bin/python3", "-c", head + lines])
        }

        /// pika writes some of the types of AMQP; the others are written for it.
        @Test func everyPropertyAndEveryTypeOfHeaderThatOthersWriteIsRead() async throws {
            let (server, broker, queue) = try await place("from-pika")
            _ = try await python(
                server, queue,
                """
                import pika.data, struct
                class Raw:
                    def __init__(self, kind, shape, value): self.bytes = kind + struct.pack('>' + shape, value)
                plain = pika.data.encode_value
                def encode_value(pieces, value):
                    if not isinstance(value, Raw): return plain(pieces, value)
                    pieces.append(value.bytes)
                    return len(value.bytes)
                pika.data.encode_value = encode_value
                properties = pika.BasicProperties(
                    content_type='text/plain', content_encoding='gzip', delivery_mode=2, priority=7, correlation_id='c-1',
                    reply_to='back', message_id='their-id', timestamp=1700000000, type='order', user_id='guest', app_id='shop',
                    headers={'text': 'grün', 'yes': True, 'no': False, 'number': -42, 'large': 2**40,
                        'price': decimal.Decimal('12.34'), 'moment': datetime.datetime(2023, 11, 14, 22, 13, 20),
                        'bytes': bytes([0, 255]), 'nothing': None, 'list': [1, 'a', True], 'table': {'inner': {'deep': 1}},
                        'i8': Raw(b'b', 'b', -1), 'u8': Raw(b'B', 'B', 255), 'i16': Raw(b's', 'h', -300), 'u16': Raw(b'u', 'H', 60000),
                        'u32': Raw(b'i', 'I', 4000000000), 'f32': Raw(b'f', 'f', 0.5), 'f64': Raw(b'd', 'd', 0.25)})
                channel.basic_publish('', queue, bytes([0, 1, 255]), properties)
                connection.close()
                """)
            let consumer = try await broker.subscribe(Subscription(queue))
            let delivery = try #require(try await consumer.receive(upTo: 1, within: .seconds(10)).first)
            let message = delivery.message
            #expect(message.body.array == [0, 1, 255] && delivery.attempt == 1)
            #expect(message.contentType.name == "text/plain" && message.contentEncoding == "gzip")
            #expect(message.deliveryMode == .persistent && message.priority == 7 && message.type == "order")
            #expect(message.correlationID == "c-1" && message.replyTo == "back")
            #expect(message.timestamp == Timestamp(milliseconds: 1_700_000_000_000))
            let expected: [(HeaderName, HeaderValue)] = [
                ("text", .text("grün")), ("yes", .text("true")), ("no", .text("false")), ("number", .text("-42")),
                ("large", .text("1099511627776")), ("i8", .text("-1")), ("u8", .text("255")),
                ("i16", .text("-300")), ("u16", .text("60000")), ("u32", .text("4000000000")), ("f32", .text("0.5")),
                ("f64", .text("0.25")), ("price", .text("12.34")),
                ("moment", .text("2023-11-14T22:13:20.000Z")), ("bytes", .bytes([0, 255])), ("nothing", .text("")),
                ("list", .text(#"[1,"a",true]"#)), ("table", .text(#"{"inner":{"deep":1}}"#)),
                ("amqp-message-id", .text("their-id")), ("amqp-app-id", .text("shop")),
                ("amqp-user-id", .text("guest")),
            ]
            for (name, value) in expected {
                #expect(message.headers.fields.filter { $0.name == name }.map(\.value) == [value], "\(name)")
            }
            #expect(message.headers.fields.count == expected.count)
            await broker.close(within: .seconds(5))
        }

        @Test func everyFieldThatIsWrittenHereIsReadByPika() async throws {
            let (server, broker, queue) = try await place("to-pika")
            var message = Message(
                Body([7, 0, 255]), type: "order", key: "k-1", headers: ["text": "grün", "bytes": .bytes([0, 255])],
                timestamp: Timestamp(milliseconds: 1_700_000_000_123))
            message.headers.fields.append(.init("text", .text("again")))
            (message.contentType, message.contentEncoding, message.priority) = (.json, "gzip", 3)
            (message.correlationID, message.replyTo) = ("c-1", "back")
            _ = try await broker.publish(message, to: queue, options: PublishOptions())
            let text = try await python(
                server, queue,
                """
                method, properties, body = channel.basic_get(queue, auto_ack=True)
                fields = {name: getattr(properties, name) for name in ('content_type', 'content_encoding', 'delivery_mode',
                    'priority', 'correlation_id', 'reply_to', 'message_id', 'timestamp', 'type')}
                fields['body'] = list(body)
                fields['headers'] = {name: list(value) if isinstance(value, bytes) else value
                    for name, value in properties.headers.items() if name != 'x-delivery-count'}
                print(json.dumps(fields, sort_keys=True, ensure_ascii=False))
                connection.close()
                """)
            #expect(
                text == """
                    {"body": [7, 0, 255], "content_encoding": "gzip", "content_type": "application/json", \
                    "correlation_id": "c-1", "delivery_mode": 2, "headers": {"bytes": [0, 255], "hub-key": "k-1", \
                    "text": "grün", "text;2": "again", "timestamp_in_ms": 1700000000123}, "message_id": "\(message.id)", \
                    "priority": 3, "reply_to": "back", "timestamp": 1700000000, "type": "order"}

                    """)
            await broker.close(within: .seconds(5))
        }

        @Test func theToolsOfTheLibraryWriteAndRead() async throws {
            let (server, broker, queue) = try await place("tools")
            let url = "amqp://guest:guest@127.0.0.1:\(server.place.port)"
            _ = try await Tool.run([
                "amqp-publish", "-u", url, "-r", queue.topic.name, "-p", "-C", "text/plain", "-H", "color: green",
                "-b", "from the shell",
            ])
            let consumer = try await broker.subscribe(Subscription(queue))
            let delivery = try #require(try await consumer.receive(upTo: 1, within: .seconds(10)).first)
            #expect(delivery.message.body.text == "from the shell" && delivery.message.contentType.name == "text/plain")
            #expect(delivery.message.deliveryMode == .persistent && delivery.message.headers["color"] == "green")
            #expect(await consumer.settle(delivery.receipt, as: .accept) == .settled)
            await consumer.cancel()
            _ = try await broker.publish(Message("to the shell"), to: queue, options: PublishOptions())
            #expect(try await Tool.run(["amqp-get", "-u", url, "-q", queue.topic.name]) == "to the shell")
            await broker.close(within: .seconds(5))
        }
    }
#endif
