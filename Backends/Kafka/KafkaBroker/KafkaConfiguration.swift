public import Messaging

/// The options of Kafka.
public struct KafkaConfiguration: Sendable {
}
