import Messaging

/// Finds bridges that lead back to where they begin, by further bridges or by topics that flow into others, so that a message
/// would go round for ever. Pure.
struct BridgeCircles: Sendable {
    private typealias Bridge = (name: SubscriptionName, from: Int, to: Int)
    private typealias Step = (bridge: Int?, to: Int)

    private let read: ReadValues
    /// What messages go through, each once.
    private let topics: [Topic]
    /// The bridges, by name.
    private let bridges: [Bridge]
    /// Where the messages of each topic go from there: by bridges, and by the bindings of routes on the same broker.
    private let steps: [[Step]]

    init(_ configuration: HubConfiguration, _ table: RouteTable, read: ReadValues) {
        self.read = read
        var (topics, numbers): ([Topic], [Topic: Int]) = ([], [:])
        func number(_ topic: Topic) -> Int {
            if let known = numbers[topic] { return known }
            numbers[topic] = topics.count
            topics.append(topic)
            return topics.count - 1
        }
        let sorted = configuration.subscriptions.sorted { $0.key.name < $1.key.name }
        bridges = sorted.compactMap { name, subscription in
            let path = ConfigurationPath("subscriptions", name.name)
            guard let target = subscription.target, target != subscription.topic,
                read.areGood(path, path / "topic", path / "to")
            else { return nil }
            return (name, number(subscription.topic), number(target))
        }
        var steps = [[Step]](repeating: [], count: topics.count)
        for (index, bridge) in bridges.enumerated() { steps[bridge.from].append((index, bridge.to)) }
        let bound = Self.bound(table)
        var next = 0
        // It grows with what the bindings lead to.
        while next < topics.count {
            let topic = topics[next]
            if let broker = table.route(of: topic)?.configuration.broker, let further = bound[broker] {
                steps[next] += further.values(matching: topic).map { (nil, number($0)) }
            }
            steps += Array(repeating: [], count: topics.count - steps.count)
            next += 1
        }
        (self.topics, self.steps) = (topics, steps)
    }

    /// The topics that others flow into, by their broker and the patterns of those others.
    private static func bound(_ table: RouteTable) -> [BrokerName: PatternTrie<Topic>] {
        var bound: [BrokerName: PatternTrie<Topic>] = [:]
        for (route, topic) in table.literals {
            for pattern in route.configuration.bindings {
                bound[route.configuration.broker, default: PatternTrie()].insert(pattern, topic)
            }
        }
        return bound
    }

    /// One problem for each circle, at the first of its bridges.
    var problems: [ConfigurationProblem] {
        let components = StrongComponents(steps.map { $0.map(\.to) }).numbers
        let isHidden = read.hidden.keys.contains { $0.keys.first == "subscriptions" }
        var found: [ConfigurationProblem] = []
        var closed = [Bool](repeating: false, count: bridges.count)
        var ways = Ways(steps: steps)
        for (index, bridge) in bridges.enumerated() where !closed[index] {
            guard components[bridge.from] == components[bridge.to] else { continue }
            let way = ways.shortest(from: bridge.to, to: bridge.from)
            for step in [(index, bridge.to)] + way { if let bridge = step.bridge { closed[bridge] = true } }
            let circle = [bridge.from, bridge.to] + way.map(\.to)
            let shown = isHidden ? "" : ": \(Self.text(circle.map { topics[$0].name }))"
            let sentence =
                "closes a circle, in which messages would go round for ever\(shown); remove one of its bridges"
            found.append(ConfigurationProblem(at: ConfigurationPath("subscriptions", bridge.name.name, "to"), sentence))
        }
        return found
    }

    /// `a -> b -> a`; of a circle of many topics the first and the last.
    private static func text(_ names: [String]) -> String {
        let shown = 12
        if names.count <= shown { return names.joined(separator: " -> ") }
        let left = names.count - shown
        return (names.prefix(shown - 2) + ["(\(left) more)"] + names.suffix(2)).joined(separator: " -> ")
    }

    /// Searches for ways, one after the other, in the same room.
    private struct Ways {
        let steps: [[Step]]
        /// In which search each topic was found last, and by which step from where.
        private var found: [(search: Int, from: Int, by: Step)]
        private var search = 0

        init(steps: [[Step]]) {
            self.steps = steps
            found = Array(repeating: (0, 0, (nil, 0)), count: steps.count)
        }

        /// The shortest from a topic to another; empty where there is none.
        mutating func shortest(from start: Int, to end: Int) -> [Step] {
            search += 1
            found[start].search = search
            var (queue, next) = ([start], 0)
            while next < queue.count, found[end].search != search {
                let topic = queue[next]
                next += 1
                for step in steps[topic] where found[step.to].search != search {
                    found[step.to] = (search, topic, step)
                    queue.append(step.to)
                }
            }
            guard found[end].search == search else { return [] }
            var (way, topic): ([Step], Int) = ([], end)
            while topic != start {
                way.append(found[topic].by)
                topic = found[topic].from
            }
            return way.reversed()
        }
    }
}
