package import Messaging

extension HubConfiguration {
    /// The route that a topic takes; nil where none matches. Throws where routes cannot be told apart.
    package func route(of topic: Topic) throws -> RouteName? { try RouteTable(routes).route(of: topic)?.name }

    /// What one topic needs of this: its route, where its dead letters go, and the brokers of these. A hub of it connects to
    /// no other broker.
    package func part(for topic: Topic) throws -> HubConfiguration {
        let table = try RouteTable(routes)
        var part = self
        (part.brokers, part.routes, part.subscriptions) = ([:], [:], [:])
        guard let route = table.route(of: topic) else { return part }
        let deadLetters = (try? route.deadLetterTopic(of: topic)) ?? route.namedDeadLetterTopic
        for needed in [route, deadLetters.flatMap { table.route(of: $0) }].compactMap({ $0 }) {
            part.routes[needed.name] = needed.configuration
            for name in [needed.configuration.broker, needed.configuration.fallback?.broker].compactMap({ $0 }) {
                part.brokers[name] = brokers[name]
            }
        }
        return part
    }
}
