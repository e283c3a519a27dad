import Messaging

/// A broker that asks before it publishes: what the check throws is what becomes of the messages.
struct CheckedBroker: BrokerDecorator {
    let base: any MessageBroker
    /// Gets the number of messages.
    let check: @Sendable (Int) throws(PublishFailure) -> Void

    func publish(
        _ messages: [Message], to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try check(messages.count)
        return try await base.publish(messages, to: destination, options: options)
    }

    func publish(
        _ message: Message, to destination: Destination, options: PublishOptions
    ) async throws(PublishFailure) -> PublishReceipt {
        try check(1)
        return try await base.publish(message, to: destination, options: options)
    }
}
