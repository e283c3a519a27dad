#if RabbitMQ
    import CRabbitMQ
    import Messaging

    @testable import RabbitMQBroker

    extension Incoming {
        /// A message as it comes by this delivery tag.
        static func test(_ tag: UInt64, _ message: Message) -> Incoming {
            var deliver = amqp_basic_deliver_t()
            deliver.delivery_tag = tag
            var head = ContentHead(amqp_basic_properties_t(), bodyCount: message.body.count)
            head.message = message
            return Incoming(ServerMethod.Deliver(deliver), head)
        }
    }
#endif
