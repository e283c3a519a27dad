import Messaging

/// Which route a topic takes: of those whose patterns match, the one with the narrowest. A value; asking changes nothing.
struct RouteTable: Sendable {
    /// The routes, the narrowest pattern first.
    let routes: [Route]
    private let trie: PatternTrie<Int>

    /// A table of these routes. Where two are equally narrow and match a topic in common, all such pairs are refused.
    init(_ routes: [RouteName: RouteConfiguration]) throws(BrokerError) {
        self.routes = routes.map { Route(name: $0.key, configuration: $0.value) }.sorted { left, right in
            let (first, second) = (left.configuration.pattern.specificity, right.configuration.pattern.specificity)
            return first == second ? left.name.name < right.name.name : first > second
        }
        var trie = PatternTrie<Int>()
        for (index, route) in self.routes.enumerated() { trie.insert(route.configuration.pattern, index) }
        self.trie = trie
        let problems = Self.ties(self.routes)
        if !problems.isEmpty { throw BrokerError(.invalidConfiguration, problems.joined(separator: "; ")) }
    }

    /// The route of a topic; nil when there is none.
    ///
    /// The narrowest that matches; but where a topic is `<topic>.dead` of a route that keeps its dead letters there, or
    /// is named by a route as its dead-letter topic, and no route names it literally, it is a queue on that route's
    /// broker. Such a queue keeps what its handlers fail on, since there is nowhere further to go.
    func route(of topic: Topic) -> Route? {
        let found = trie.values(matching: topic).min().map { routes[$0] }
        if let found, found.configuration.pattern.literal != nil { return found }
        return deadLetterRoute(of: topic) ?? found
    }

    /// The route of a subscription to a pattern: the narrowest that every topic of the pattern matches.
    func route(covering pattern: TopicPattern) -> Route? {
        routes.first { $0.configuration.pattern.covers(pattern) }
    }

    /// The routes that name one topic.
    var literals: [(route: Route, topic: Topic)] {
        routes.compactMap { route in route.configuration.pattern.literal.map { (route, $0) } }
    }

    private func deadLetterRoute(of topic: Topic) -> Route? {
        if topic.name.hasSuffix(".dead") {
            let base = Topic(unchecked: String(topic.name.dropLast(5)))
            if base.problem == nil, let origin = route(of: base), (try? origin.deadLetterTopic(of: base)) == topic {
                return origin.deadLetters(at: topic)
            }
        }
        let origin = routes.first { route in
            route.configuration.deadLetter == .topic(topic) || route.configuration.deadLetter == .broker(topic)
        }
        return origin?.deadLetters(at: topic)
    }

    private static func ties(_ routes: [Route]) -> [String] {
        var problems: [String] = []
        for (index, route) in routes.enumerated() {
            let pattern = route.configuration.pattern
            let others = routes[(index + 1)...].prefix { $0.configuration.pattern.specificity == pattern.specificity }
            for other in others where other.configuration.pattern.overlaps(pattern) {
                problems.append(
                    "routes \(route.name) and \(other.name) match topics in common, and neither pattern is narrower:"
                        + " \(pattern) and \(other.configuration.pattern); give one more literal words, or remove it")
            }
        }
        return problems
    }
}
