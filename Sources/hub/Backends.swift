import EmbeddedBroker
import InMemoryBroker
import KafkaBroker
import Messaging
import NATSBroker
import RabbitMQBroker
import RedisBroker

/// The one list of brokers: what the command knows, and what this build can make.
enum Backends {
    /// Every type that a configuration may name.
    static let profiles: [BrokerProfile] = [.inMemory, .embedded, .rabbitMQ, .kafka, .redis, .nats]

    /// The types whose backends are in this build.
    static let factories: [BrokerFactory] = {
        var factories: [BrokerFactory] = [.inMemory()]
        #if RabbitMQ
            factories.append(.rabbitMQ)
        #endif
        return factories
    }()
}
