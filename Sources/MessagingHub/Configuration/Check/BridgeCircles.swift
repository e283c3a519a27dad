import Messaging

/// Finds bridges that lead back to where they begin, by further bridges or by topics that flow into others, so that a message
/// would go round for ever. Pure.
struct BridgeCircles: Sendable {
    private let configuration: HubConfiguration
    private let table: RouteTable
    private let read: ReadValues
    /// The bridges, by name.
    private let bridges: [(name: SubscriptionName, from: Topic, to: Topic)]

    init(_ configuration: HubConfiguration, _ table: RouteTable, read: ReadValues) {
        self.configuration = configuration
        self.table = table
        self.read = read
        bridges = configuration.subscriptions.sorted { $0.key.name < $1.key.name }.compactMap { name, subscription in
            let path = ConfigurationPath("subscriptions", name.name)
            guard let target = subscription.target, target != subscription.topic,
                read.areGood(path, path / "topic", path / "to")
            else { return nil }
            return (name, subscription.topic, target)
        }
    }

    /// One problem for each circle, at the first of its bridges.
    var problems: [ConfigurationProblem] {
        var found: [ConfigurationProblem] = []
        var closed: Set<SubscriptionName> = []
        for bridge in bridges where !closed.contains(bridge.name) {
            guard let way = way(from: bridge.to, to: bridge.from) else { continue }
            closed.insert(bridge.name)
            closed.formUnion(way.compactMap(\.name))
            let topics = [bridge.from, bridge.to] + way.map(\.to)
            let path = ConfigurationPath("subscriptions", bridge.name.name, "to")
            let isHidden = read.hidden.keys.contains { $0.keys.first == "subscriptions" }
            let shown = isHidden ? "" : ": \(topics.map(\.name).joined(separator: " -> "))"
            let sentence =
                "closes a circle, in which messages would go round for ever\(shown); remove one of its bridges"
            found.append(ConfigurationProblem(at: path, sentence))
        }
        return found
    }

    private typealias Step = (name: SubscriptionName?, to: Topic)

    /// The shortest way from a topic to another; nil where there is none, empty where they are the same.
    private func way(from start: Topic, to end: Topic) -> [Step]? {
        var ways: [Topic: [Step]] = [start: []]
        var next = [start]
        while !next.isEmpty {
            if let way = ways[end] { return way }
            var following: [Topic] = []
            for topic in next {
                for step in steps(from: topic) where ways[step.to] == nil {
                    ways[step.to] = (ways[topic] ?? []) + [step]
                    following.append(step.to)
                }
            }
            next = following
        }
        return ways[end]
    }

    /// Where the messages of a topic go from there: by bridges, and by the bindings of routes on the same broker.
    private func steps(from topic: Topic) -> [Step] {
        let broker = table.route(of: topic)?.configuration.broker
        let bound = table.literals.filter { route, _ in
            route.configuration.broker == broker && route.configuration.bindings.contains { $0.matches(topic) }
        }
        return bridges.filter { $0.from == topic }.map { (name: $0.name, to: $0.to) }
            + bound.map { (name: nil, to: $0.topic) }
    }
}
