public import Messaging

/// Whether the topics of a route are still to be used.
public enum TopicLifecycle: Hashable, Sendable {
    /// They are.
    case active
    /// They are not to be used any more: everything works, with a warning. What replaces them, if anything does.
    case deprecated(replacement: Topic?)
    /// They are not used any more: publishing and subscribing are refused. What replaces them, if anything does.
    case retired(replacement: Topic?)

    /// What replaces the topics.
    public var replacement: Topic? {
        switch self {
        case .active: nil
        case .deprecated(let topic), .retired(let topic): topic
        }
    }

    /// Without the replacement.
    var state: State {
        switch self {
        case .active: .active
        case .deprecated: .deprecated
        case .retired: .retired
        }
    }

    /// Its words in a configuration.
    enum State: String, CaseIterable, Hashable, Sendable {
        case active
        case deprecated
        case retired
    }
}

extension Route {
    /// How a topic of the route is used.
    enum TopicUse: String {
        case publish = "publish to"
        case subscribe = "subscribe to"
    }

    /// Throws where the route's topics are retired.
    func checkUse(_ use: TopicUse, of topic: String) throws(BrokerError) {
        guard case .retired(let replacement) = configuration.lifecycle else { return }
        let remedy = replacement.map { "\(use.rawValue) \($0) instead" } ?? "leave it out"
        let sentence =
            "topic \(topic) is retired by route \(name); \(remedy), or take lifecycle: retired from the route"
        throw BrokerError(.noSuchDestination, sentence, during: use == .publish ? .publish : .subscribe)
    }

    /// The warning for a use of a deprecated topic, or for a route that has one; nil where there is none.
    func deprecation(_ use: TopicUse?, of topic: String, at now: Timestamp) -> LogRecord? {
        guard case .deprecated(let replacement) = configuration.lifecycle else { return nil }
        var keys = [(name: TelemetryNames.destination, value: topic), (TelemetryNames.route, name.name)]
        if let replacement { keys.append((TelemetryNames.replacement, replacement.name)) }
        let text =
            switch use {
            case nil: "topic deprecated"
            case .publish: "publishing to a deprecated topic"
            case .subscribe: "subscribed to a deprecated topic"
            }
        return LogRecord(.warning, text, keys, at: now)
    }
}
