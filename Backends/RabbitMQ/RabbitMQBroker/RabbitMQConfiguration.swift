public import Messaging

/// The options of RabbitMQ.
public struct RabbitMQConfiguration: Sendable {
}
