import Messaging
import MessagingReliability

/// Finds what a route needs that its broker cannot do, and says which type of broker can.
struct RouteFit: Sendable {
    private let route: RouteConfiguration
    private let path: ConfigurationPath
    private let profile: BrokerProfile
    private let options: OptionValues
    private let profiles: [BrokerProfile]
    private let read: ReadValues

    init(
        _ route: RouteConfiguration, at path: ConfigurationPath, on profile: BrokerProfile, with options: OptionValues,
        among profiles: [BrokerProfile], read: ReadValues
    ) {
        self.route = route
        self.path = path
        self.profile = profile
        self.options = options
        self.profiles = profiles
        self.read = read
    }

    var problems: [ConfigurationProblem] {
        needs + limits
    }

    private var needs: [ConfigurationProblem] {
        route.needs.compactMap { need in
            guard case .refused(let reason) = profile.capabilities[route.kind, need.operation] else { return nil }
            let able = profiles.filter { $0.capabilities.can(need.operation, on: route.kind) }.map(\.type.name).sorted()
            let other =
                able.isEmpty ? "no type of broker can" : "or use another broker: \(able.joined(separator: ", ")) can"
            let sentence =
                "route \(path.keys.last ?? "") needs \(need.words), which broker \(brokerName)"
                + " of type \(profile.type) cannot do: \(reason); \(need.remedy), \(other)"
            return ConfigurationProblem(at: need.keys.reduce(path) { $0 / $1 }, sentence)
        }
    }

    private var limits: [ConfigurationProblem] {
        var found: [ConfigurationProblem] = []
        let limits = profile.limits(with: options)
        let broker = "broker \(brokerName) of type \(profile.type)"
        let areKnown = read.isGood(within: read.place(of: route.broker))
        if route.kind != .pubSub, areKnown, route.maxHold > limits.maxHold {
            let sentence =
                "\(read.hidden[path / "max-hold"] ?? route.maxHold.optionText) is over what \(broker) can hold,"
                + " \(limits.maxHold.optionText); lower it"
            found.append(ConfigurationProblem(at: path / "max-hold", sentence))
        }
        if route.kind == .queue, let retention = route.retention, retention > limits.maximumRetention,
            read.areGood(path / "retention")
        {
            let shown = read.hidden[path / "retention"] ?? retention.optionText
            let sentence = "\(shown) is over what \(broker) can keep, \(limits.maximumRetention.optionText); lower it"
            found.append(ConfigurationProblem(at: path / "retention", sentence))
        }
        if let topic = route.pattern.literal, topic.problem == nil,
            let sentence = limits.problem(in: topic, for: broker)
        {
            found.append(ConfigurationProblem(at: path / "topic", sentence))
        }
        if route.maximumPriority > limits.maximumPriority, route.maximumPriority <= Message.highestPriority {
            let sentence =
                "\(read.hidden[path / "max-priority"] ?? String(route.maximumPriority)) is over what \(broker) can carry,"
                + " \(limits.maximumPriority); lower it"
            found.append(ConfigurationProblem(at: path / "max-priority", sentence))
        }
        return found
    }

    private var brokerName: String {
        read.hidden(route.broker, at: path / "broker").map { "by \($0)" } ?? route.broker.name
    }
}

/// Something that a route asks of its broker.
struct RouteNeed: Hashable, Sendable {
    /// What the broker must be able to do.
    let operation: BrokerCapabilities.Operation
    /// The keys below the route that ask for it; empty: the route itself.
    let keys: [String]
    /// The need in words.
    let words: String
    /// What to change so that it is not needed.
    let remedy: String
}

extension RouteConfiguration {
    /// What this route asks of its broker, beyond what needs no asking. `durable` is not among it: a broker that cannot
    /// lowers what is promised.
    var needs: [RouteNeed] {
        var needs = [RouteNeed(operation: .serve, keys: ["kind"], words: "a \(kind)", remedy: "choose another kind")]
        func add(
            _ isNeeded: Bool, _ operation: BrokerCapabilities.Operation, _ keys: [String], _ words: String,
            _ remedy: String
        ) {
            if isNeeded { needs.append(RouteNeed(operation: operation, keys: keys, words: words, remedy: remedy)) }
        }
        let retries = retry.attempts > 1 || retryByType.values.contains { $0.attempts > 1 }
        add(kind != .pubSub && order == .none && retries, .retry, ["retry"], "retries of a \(kind)", "set attempts: 1")
        add(maximumPriority > 0, .priority, ["max-priority"], "priorities in a \(kind)", "remove max-priority")
        let ordered = order == .all ? "one order of all of a \(kind)" : "order per key in a \(kind)"
        add(order != .none, .order, ["order"], ordered, "remove order")
        let isFull = maximumMessages != nil || maximumBytes != nil || whenFull == .refuse
        let bound = maximumMessages != nil ? "max-messages" : maximumBytes != nil ? "max-bytes" : "when-full"
        add(isFull, .bounded, [bound], "a \(kind) with a limit", "remove \(bound)")
        add(
            kind == .queue && retention != nil, .expiration, ["retention"], "a queue with retention", "remove retention"
        )
        add(!bindings.isEmpty, .bindings, ["bindings"], "bindings to a \(kind)", "remove bindings")
        if case .broker = deadLetter, kind != .pubSub {
            add(true, .brokerDeadLetters, ["dead-letter"], "dead letters by the broker", "let the hub do it")
        }
        let filtered = groups.filter { $0.value.filter != nil }.keys.map(\.name).sorted()
        if kind == .stream, let group = filtered.first {
            add(true, .filter, ["groups", group, "filter"], "a filter of a group", "remove the filter")
        }
        return needs
    }
}
