import Messaging
import MessagingReliability

/// A route with its name: one object for each that is configured, because a configuration is large.
final class Route: Sendable {
    let name: RouteName
    let configuration: RouteConfiguration

    init(name: RouteName, configuration: RouteConfiguration) {
        self.name = name
        self.configuration = configuration
    }

    /// Where messages of a topic go that their handlers give up; nil where the hub forwards none, and on pubSub, which
    /// has no dead letters.
    func deadLetterTopic(of topic: Topic) throws(BrokerError) -> Topic? {
        if configuration.kind == .pubSub { return nil }
        return switch configuration.deadLetter {
        case .byDefault: try topic.appending("dead")
        case .topic(let topic): topic
        case .none, .broker: nil
        }
    }

    /// The topic that it names for dead letters, whoever sends them there.
    var namedDeadLetterTopic: Topic? {
        switch configuration.deadLetter {
        case .topic(let topic), .broker(let topic): topic
        case .byDefault, .none: nil
        }
    }

    /// The route that a dead-letter topic of this one has when none is configured.
    func deadLetters(at topic: Topic) -> Route {
        var deadLetters = RouteConfiguration(TopicPattern(topic), to: configuration.broker, as: .queue)
        deadLetters.fallback = configuration.fallback
        deadLetters.deadLetter = .none
        deadLetters.durable = configuration.durable
        deadLetters.concurrency = configuration.concurrency
        deadLetters.retry = configuration.retry
        deadLetters.breaker = configuration.breaker
        deadLetters.publishBreaker = configuration.publishBreaker
        deadLetters.publishRetry = configuration.publishRetry
        deadLetters.publishDeadline = configuration.publishDeadline
        return Route(name: RouteName("\(name).dead-letters"), configuration: deadLetters)
    }

    /// What must exist at the route's broker for a topic, with a further group of a stream. Nothing for pubSub.
    func declaration(of topic: Topic, adding group: GroupName? = nil) -> DestinationDeclaration? {
        if configuration.kind == .pubSub { return nil }
        var declaration = DestinationDeclaration(Destination(topic, configuration.kind))
        declaration.groups = configuration.groups
        if let group, declaration.groups[group] == nil { declaration.groups[group] = DestinationDeclaration.Group() }
        declaration.bindings = configuration.bindings
        declaration.order = configuration.order
        declaration.maximumPriority = configuration.maximumPriority
        declaration.longestDelay = longestDelay
        declaration.retention = configuration.retention
        declaration.maximumMessages = configuration.maximumMessages
        declaration.maximumBytes = configuration.maximumBytes
        declaration.whenFull = configuration.whenFull
        declaration.durable = configuration.durable
        declaration.deadLetters =
            switch configuration.deadLetter {
            case .byDefault, .topic: .hub
            case .none: .none
            case .broker(let topic): .broker(.queue(topic))
            }
        return declaration
    }

    /// The longest delay that a retry asks of the broker; nil where retries run on the held delivery, and on
    /// a stream, which has no delays of its own.
    private var longestDelay: Duration? {
        if configuration.isOrdered || configuration.kind != .queue { return nil }
        return configuration.retries.all.map(\.longestDelay).max()
    }
}
