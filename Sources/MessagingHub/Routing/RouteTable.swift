import Messaging

/// Which route a topic takes: of those whose patterns match, the one with the narrowest. Asking changes nothing.
final class RouteTable: Sendable {
    /// The routes, the narrowest pattern first.
    let routes: [Route]
    private let patterns: PatternIndex
    /// The first route that names a topic for its dead letters.
    private let deadLetterOrigins: [Topic: Route]

    /// A table without routes.
    init() {
        routes = []
        patterns = PatternIndex()
        deadLetterOrigins = [:]
    }

    /// A table of these routes. Where two are equally narrow and match a topic in common, all such routes are named.
    init(_ routes: [RouteName: RouteConfiguration]) throws(BrokerError) {
        self.routes = routes.map { Route(name: $0.key, configuration: $0.value) }.sorted { left, right in
            let (first, second) = (left.configuration.pattern.specificity, right.configuration.pattern.specificity)
            return first == second ? left.name.name < right.name.name : first > second
        }
        var patterns = PatternIndex()
        for route in self.routes { patterns.insert(route.configuration.pattern) }
        self.patterns = patterns
        let origins = self.routes.compactMap { route in route.namedDeadLetterTopic.map { ($0, route) } }
        deadLetterOrigins = Dictionary(origins) { first, _ in first }
        let problems = Self.ties(self.routes)
        if !problems.isEmpty { throw BrokerError(.invalidConfiguration, problems.joined(separator: "; ")) }
    }

    /// The route of a topic; nil when there is none.
    ///
    /// The narrowest that matches; but `<topic>.dead` of a route that keeps its dead letters there is a queue on that
    /// route's broker, unless a pattern that itself ends in `dead` matches, and so is a topic that a route names for its
    /// dead letters and that no route matches. Such a queue keeps what its handlers fail on: there is nowhere further
    /// to go.
    func route(of topic: Topic) -> Route? {
        let found = patterns.first(matching: topic).map { routes[$0] }
        if let found, found.configuration.pattern.tokens.last == .literal("dead") { return found }
        if let implied = defaultDeadLetters(at: topic) { return implied }
        return found ?? deadLetterOrigins[topic]?.deadLetters(at: topic)
    }

    /// The route of a subscription to a pattern: the narrowest that every topic of the pattern matches.
    func route(covering pattern: TopicPattern) -> Route? {
        routes.first { $0.configuration.pattern.covers(pattern) }
    }

    /// The routes that name one topic.
    var literals: [(route: Route, topic: Topic)] {
        routes.compactMap { route in route.configuration.pattern.literal.map { (route, $0) } }
    }

    private func defaultDeadLetters(at topic: Topic) -> Route? {
        guard topic.name.hasSuffix(".dead") else { return nil }
        if patterns.numbers(matching: topic).contains(where: { routes[$0].configuration.pattern.literal != nil }) {
            return nil
        }
        let base = Topic(unchecked: String(topic.name.dropLast(5)))
        guard base.problem == nil, let origin = route(of: base), origin.configuration.deadLetter == .byDefault,
            origin.configuration.kind != .pubSub
        else { return nil }
        return origin.deadLetters(at: topic)
    }

    private static func ties(_ routes: [Route]) -> [String] {
        var problems: [String] = []
        var equals: [PatternSpecificity: PatternTrie<Route>] = [:]
        for other in routes {
            let narrowness = other.configuration.pattern.specificity
            let tied = equals[narrowness]?.values(overlapping: other.configuration.pattern) ?? []
            if let route = tied.first {
                let more = tied.count > 1 ? " (and \(tied.count - 1) more do with the second)" : ""
                let pattern = route.configuration.pattern
                problems.append(
                    "routes \(route.name) and \(other.name) match topics in common\(more), and neither pattern is"
                        + " narrower: \(pattern) and \(other.configuration.pattern); give one more literal words,"
                        + " or remove it")
            }
            equals[narrowness, default: PatternTrie()].insert(other.configuration.pattern, other)
        }
        return problems
    }
}
