import Messaging
import MessagingReliability

extension RouteConfiguration {
    /// The route of a section. What is wrong is noted; where its topics or its kind cannot be known they are none, and a queue.
    init(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        let (path, values) = (section.path, section.values)
        let style = values[RouteOptions.style]
        let pattern =
            values.isSet(RouteOptions.topic.name)
            ? TopicPattern(values[RouteOptions.topic], style, at: path / RouteOptions.topic.name, &reader) : nil
        let broker = reader.broker(values[RouteOptions.broker], at: path / RouteOptions.broker.name)
        self.init(pattern ?? TopicPattern(Topic(unchecked: "")), to: broker, as: values[RouteOptions.kind])
        RouteOptions.settings.apply(values, to: &self)
        if let section = section["fallback"] { fallback = FallbackRoute(section, &reader) }
        if let section = section["lifecycle"] { lifecycle = TopicLifecycle(section, &reader) }
        bindings = values[RouteOptions.bindings].compactMap {
            TopicPattern($0, style, at: path / RouteOptions.bindings.name, &reader)
        }
        for (name, group) in section.entries(of: "groups") {
            groups[GroupName(name)] = DestinationDeclaration.Group(group, &reader)
        }
        if let section = section["dead-letter"] { deadLetter = DeadLetterRoute(section, &reader) }
        if let retry = section["retry"] {
            RouteOptions.retry.apply(retry.values, to: &self.retry)
            RouteOptions.budget.apply(retry.values, to: &self)
            for (type, other) in retry.entries(of: "by-type") {
                var policy = self.retry
                RouteOptions.retry.apply(other.values, to: &policy)
                retryByType[type] = policy
            }
        }
        breaker = section["circuit-breaker"].map { CircuitBreakerPolicy($0) }
        if let deduplicate = section["deduplicate"] {
            var policy = DeduplicationPolicy()
            DeduplicationPolicy.options.apply(deduplicate.values, to: &policy)
            self.deduplicate = policy
        }
        if let publish = section["publish"] {
            RouteOptions.publishRetry.apply(publish.values, to: &publishRetry)
            RouteOptions.publish.apply(publish.values, to: &self)
            publishBreaker = publish["circuit-breaker"].map { CircuitBreakerPolicy($0) }
        }
    }
}

extension CircuitBreakerPolicy {
    fileprivate init(_ section: ConfigurationSection) {
        self.init()
        Self.options.apply(section.values, to: &self)
    }
}

extension DestinationDeclaration.Group {
    fileprivate init(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        self.init(start: section.values[RouteOptions.start])
        guard let filter = section["filter"] else { return }
        let match = filter.values[RouteOptions.match]
        self.filter = HeaderFilter(match, filter["headers"], of: filter.path, &reader)
    }
}

extension DeadLetterRoute {
    fileprivate init(_ section: ConfigurationSection, _ reader: inout ConfigurationReader) {
        self = .byDefault
        let topic = section.values[RouteOptions.deadLetterTopic]
        let broker = section.values[RouteOptions.deadLetterBroker]
        switch (topic, broker) {
        case (nil, nil): break
        case ("none", nil): self = .none
        case (let topic?, nil):
            let path = section.path / RouteOptions.deadLetterTopic.name
            if let topic = Topic(topic, at: path, &reader) { self = .topic(topic) }
        case (nil, let broker?):
            let path = section.path / RouteOptions.deadLetterBroker.name
            if let topic = Topic(broker, at: path, &reader) { self = .broker(topic) }
        case (_?, _?): reader.report(section.path, "has both topic and broker; give one of them")
        }
    }
}

extension Topic {
    init?(_ text: String, at path: ConfigurationPath, _ reader: inout ConfigurationReader) {
        if let problem = Topic.problem(in: text) {
            reader.report(path, "\(reader.hidden[path] ?? text.quoted) \(problem)")
            return nil
        }
        self.init(stringLiteral: text)
    }
}

extension TopicPattern {
    fileprivate init?(
        _ text: String, _ style: Style, at path: ConfigurationPath, _ reader: inout ConfigurationReader
    ) {
        do throws(BrokerError) { try self.init(text, style: style) } catch {
            let hidden = reader.hidden[path].map { "\($0) is not a pattern of topics; write words with dots between" }
            reader.report(path, hidden ?? error.sentence)
            return nil
        }
    }
}
