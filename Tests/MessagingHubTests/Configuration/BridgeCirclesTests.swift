import Messaging
import Testing

@testable import MessagingHub

/// Which bridges lead back to where they begin, however many there are.
@Suite struct BridgeCirclesTests {
    private typealias Way = (name: String, from: String, to: String)

    private static func problems(
        _ ways: [(name: String, from: String, to: String)], bindings: [(topic: String, pattern: String)] = []
    ) throws -> [ConfigurationProblem] {
        var routes: [RouteName: RouteConfiguration] = [:]
        for topic in Set(ways.flatMap { [$0.from, $0.to] } + bindings.map(\.topic)) {
            var route = RouteConfiguration(TopicPattern(Topic(unchecked: topic)), to: "main", as: .queue)
            route.bindings = try bindings.filter { $0.topic == topic }.map {
                try TopicPattern($0.pattern, style: .amqp)
            }
            routes[RouteName(topic)] = route
        }
        let subscriptions = ways.map { way in
            (
                SubscriptionName(way.name),
                SubscriptionConfiguration(Topic(unchecked: way.from), .publish(to: Topic(unchecked: way.to)))
            )
        }
        let configuration = HubConfiguration(
            brokers: ["main": BrokerConfiguration(.inMemory)], routes: routes,
            subscriptions: Dictionary(uniqueKeysWithValues: subscriptions))
        return BridgeCircles(configuration, try RouteTable(routes), read: ReadValues()).problems
    }

    /// The circles that are found, `one: a -> b -> a`.
    private static func circles(_ found: [ConfigurationProblem]) -> [String] {
        found.map { problem in
            let shown = problem.sentence.split(separator: ": ").last?.split(separator: ";").first ?? ""
            return "\(problem.path.keys[1]): \(shown)"
        }
    }

    @Test("Each circle is found once, at the first of its bridges, by the shortest way back")
    func circles() throws {
        let ways: [Way] = [
            ("1", "a", "b"), ("2", "b", "c"), ("3", "c", "a"), ("4", "b", "a"), ("5", "c", "d"), ("6", "d", "e"),
            ("7", "e", "d"), ("8", "x", "y"),
        ]
        #expect(Self.circles(try Self.problems(ways)) == ["1: a -> b -> a", "2: b -> c -> a -> b", "6: d -> e -> d"])
        #expect(try Self.problems(ways.filter { !["3", "4", "7"].contains($0.name) }).isEmpty)
        #expect(try Self.problems([]).isEmpty)
    }

    @Test("Two bridges between the same topics are two circles; a topic that flows into another closes one too")
    func bindings() throws {
        let twice: [Way] = [("1", "a", "b"), ("2", "a", "b"), ("3", "b", "a")]
        #expect(Self.circles(try Self.problems(twice)) == ["1: a -> b -> a", "2: a -> b -> a"])
        let bound = [(topic: "all", pattern: "in.#"), (topic: "more", pattern: "all"), (topic: "out", pattern: "x")]
        #expect(
            Self.circles(try Self.problems([("1", "more", "in.a"), ("2", "out", "in.b")], bindings: bound))
                == ["1: more -> in.a -> all -> more"])
    }

    @Test("A circle of many topics is shown by its first and its last")
    func long() throws {
        let ways = (0..<40).map { (name: "b\(10 + $0)", from: "t\($0)", to: "t\(($0 + 1) % 40)") }
        let start = (0..<10).map { "t\($0)" }.joined(separator: " -> ")
        #expect(Self.circles(try Self.problems(ways)) == ["b10: \(start) -> (29 more) -> t39 -> t0"])
    }

    enum Shape: String, CaseIterable {
        case ring, line, star, pairs

        /// Where a bridge leads from and to, of 5,000.
        func way(_ index: Int) -> (from: Int, to: Int) {
            switch self {
            case .ring: (index, (index + 1) % 5_000)
            case .line: (index, index + 1)
            case .star: index % 2 == 0 ? (0, index + 1) : (index, 0)
            case .pairs: index % 2 == 0 ? (index, index + 1) : (index, index - 1)
            }
        }

        var circles: Int { [.ring: 1, .line: 0, .star: 2_500, .pairs: 2_500][self] ?? -1 }
    }

    @Test("Thousands of bridges are looked through in a moment", arguments: Shape.allCases)
    func many(_ shape: Shape) throws {
        let ways = (0..<5_000).map { index -> Way in
            let (from, to) = shape.way(index)
            return ("b\(10_000 + index)", "t\(from)", "t\(to)")
        }
        var routes: [RouteName: RouteConfiguration] = [:]
        for topic in Set(ways.flatMap { [$0.from, $0.to] }) {
            routes[RouteName(topic)] = RouteConfiguration(TopicPattern(Topic(unchecked: topic)), to: "main", as: .queue)
        }
        let table = try RouteTable(routes)
        let subscriptions = ways.map {
            (
                SubscriptionName($0.name),
                SubscriptionConfiguration(Topic(unchecked: $0.from), .publish(to: Topic(unchecked: $0.to)))
            )
        }
        let configuration = HubConfiguration(
            brokers: [:], routes: routes, subscriptions: Dictionary(uniqueKeysWithValues: subscriptions))
        var found: [ConfigurationProblem] = []
        let took = ContinuousClock().measure {
            found = BridgeCircles(configuration, table, read: ReadValues()).problems
        }
        #expect(found.count == shape.circles)
        #expect(took < .seconds(2), "it took \(took)")
    }
}
