import Messaging

/// Where the deliveries of a subscription come from, and where their dead letters and what their handlers send on go.
struct DeliveryDestinations: Sendable {
    /// The subscription in words, where it is to a pattern.
    let pattern: String
    /// The topic that it names; nil where it is to a pattern.
    let topic: Topic?
    let kind: DestinationKind
    let broker: BrokerName
    let table: RouteTable
    /// The way of a publish to a topic, which exists after the call.
    let publisher: @Sendable (Topic) async throws(BrokerError) -> Publisher

    /// The subscription, in words.
    var label: String { topic.map { "\(kind) \($0)" } ?? pattern }

    /// Where a delivery comes from.
    func origin(of delivery: Delivery) -> Destination {
        Destination(delivery.topic ?? topic ?? Topic(unchecked: pattern), kind)
    }

    /// Publishes what goes to other brokers, and returns what goes to this one, for the settlement.
    func send(_ forwarded: [ForwardedMessage]) async throws -> [Outgoing] {
        var (outgoing, foreign): ([Outgoing], [(Publisher, Message)]) = ([], [])
        for item in forwarded {
            let publisher = try await publisher(item.topic)
            let message = item.message.withoutAttempt
            if publisher.broker.name == broker {
                outgoing.append(Outgoing(message, to: publisher.destination))
            } else {
                foreign.append((publisher, message))
            }
        }
        for (publisher, message) in foreign { _ = try await publisher.publish(message, publisher.options) }
        return outgoing
    }

    /// Where the dead letter of a delivery goes.
    func deadLetters(of delivery: Delivery) async throws(BrokerError) -> Publisher {
        let origin = origin(of: delivery).topic
        guard let target = try table.route(of: origin)?.deadLetterTopic(of: origin) else {
            throw BrokerError(
                .noSuchDestination, "topic \(origin) has no dead-letter destination; name one in its route")
        }
        return try await publisher(target)
    }
}

extension Message {
    /// Without our count of copies, which an application cannot set.
    var withoutAttempt: Message {
        if headers.isEmpty { return self }
        var message = self
        message.headers.removeAll(.attempt)
        return message
    }
}
