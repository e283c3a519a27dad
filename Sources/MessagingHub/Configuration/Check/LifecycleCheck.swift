import Messaging

/// Finds what is wrong in the lifecycles of topics: replacements that cannot be used, and dead letters that go to topics
/// that are retired.
struct LifecycleCheck: Sendable {
    private let configuration: HubConfiguration
    private let read: ReadValues

    init(_ configuration: HubConfiguration, read: ReadValues) {
        self.configuration = configuration
        self.read = read
    }

    var problems: [ConfigurationProblem] {
        let routes = configuration.routes.sorted { $0.key.name < $1.key.name }
        guard routes.contains(where: { $0.value.lifecycle != .active }),
            let table = try? RouteTable(configuration.routes)
        else { return [] }
        return routes.flatMap { name, route in
            let path = ConfigurationPath("routes", name.name)
            return replacement(of: route, at: path / "lifecycle" / "replacement", in: table)
                + deadLetters(of: route, at: path / "dead-letter", in: table)
        }
    }

    private func replacement(
        of route: RouteConfiguration, at path: ConfigurationPath, in table: RouteTable
    ) -> [ConfigurationProblem] {
        guard let topic = route.lifecycle.replacement, read.areGood(path) else { return [] }
        func problem(_ sentence: String) -> [ConfigurationProblem] {
            [ConfigurationProblem(at: path, "\(read.shown(topic.name.quoted, at: path)) \(sentence)")]
        }
        if let wrong = topic.problem { return [ConfigurationProblem(at: path, read.hidden[path] ?? wrong.sentence)] }
        guard let other = table.route(of: topic) else {
            return problem("has no route; add one, or name another topic")
        }
        if other.configuration.lifecycle == .active { return [] }
        let state = other.configuration.lifecycle.state.rawValue
        return problem("is \(state) itself, by route \(other.name); name one that is active")
    }

    private func deadLetters(
        of route: RouteConfiguration, at path: ConfigurationPath, in table: RouteTable
    ) -> [ConfigurationProblem] {
        guard case .topic(let topic) = route.deadLetter, route.lifecycle.state != .retired, read.areGood(path),
            let target = table.route(of: topic), target.configuration.lifecycle.state == .retired
        else { return [] }
        let shown = read.shown(topic.name.quoted, at: path)
        let sentence = "\(shown) is retired by route \(target.name); name a topic that is active"
        return [ConfigurationProblem(at: path, sentence)]
    }
}
