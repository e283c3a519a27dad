import Messaging

/// The names of OpenTelemetry's messaging conventions (semantic conventions 1.44, still in development: they may change),
/// and those of ours. All of them are here.
enum TelemetryNames {
    // MARK: Attributes and log keys

    static let system = "messaging.system"
    static let destination = "messaging.destination.name"
    static let group = "messaging.consumer.group.name"
    static let messageID = "messaging.message.id"
    static let conversation = "messaging.message.conversation_id"
    static let bodySize = "messaging.message.body.size"
    static let batchCount = "messaging.batch.message_count"
    static let operation = "messaging.operation.name"
    static let operationType = "messaging.operation.type"
    static let partition = "messaging.destination.partition.id"
    static let errorType = "error.type"
    static let kind = "messaging.destination.kind"
    static let broker = "hub.broker"
    static let fallback = "hub.fallback"
    static let route = "hub.route"
    static let subscription = "hub.subscription"
    static let guarantee = "hub.guarantee"
    static let askedGuarantee = "hub.guarantee.asked"
    static let order = "hub.order"
    static let replacement = "hub.replacement"
    static let attempt = "hub.attempt"
    static let decision = "hub.decision"
    static let reason = "hub.reason"
    static let deadLetterDestination = "hub.dead_letter.destination"
    static let receipt = "hub.receipt"
    static let messageType = "hub.message.type"

    // MARK: Instruments

    static let sent = "messaging.client.sent.messages"
    static let consumed = "messaging.client.consumed.messages"
    static let operationDuration = "messaging.client.operation.duration"
    static let processDuration = "messaging.process.duration"
    static let failed = "hub.failed.messages"
    static let retried = "hub.retried.messages"
    static let deadLettered = "hub.dead_lettered.messages"
    static let backlog = "hub.destination.messages"
    static let oldest = "hub.destination.oldest"
    static let middlewareDuration = "hub.middleware.duration"
    static let middlewareFailed = "hub.middleware.failed"
    static let connections = "hub.connections"
    static let blocked = "hub.blocked"
    static let processMemory = "process.memory.usage"

    /// What tells the instruments of one destination from those of others.
    static func labels(
        _ destination: String, _ kind: DestinationKind, on broker: (name: BrokerName, type: BrokerType),
        group: GroupName?
    ) -> [String: String] {
        var labels = labels(destination, kind, group: group)
        labels[system] = system(of: broker.type)
        labels[Self.broker] = broker.name.name
        return labels
    }

    /// The same, where the broker is not known.
    static func labels(_ destination: String, _ kind: DestinationKind, group: GroupName?) -> [String: String] {
        var labels = [Self.destination: destination, Self.kind: kind.rawValue]
        if let group { labels[Self.group] = group.name }
        return labels
    }

    /// The conventions know Kafka and RabbitMQ; the others are named after their pattern.
    private static func system(of type: BrokerType) -> String {
        switch type {
        case .inMemory: "in_memory"
        default: type.name
        }
    }
}
